import {
  canonical,
  type DiskInfo,
  type IntegerRange,
  isEmptyValue,
  kindOf,
  type Label,
  type Reservation,
  type Resource,
  type Resources,
  type ResourceValue,
} from "@bourse/model/resources";
import {
  DiskInfo_PersistenceSchema,
  DiskInfo_SourceSchema,
  DiskInfo_VolumeSchema,
  DiskInfoSchema,
  IntegerRangeSchema,
  LabelSchema,
  ReservationSchema,
  ResourceListSchema,
  ResourceSchema,
  ResourceValueSchema,
} from "#gen/bourse/v1/resource_pb";
import { type FieldCodec, invalid, record, union } from "../codec.ts";
import { id, integer, list, mapped, mark, nested, optional, text, word } from "../fields.ts";
import { LIMITS } from "../limits.ts";

const range = record<IntegerRange>(IntegerRangeSchema, {
  begin: integer(),
  end: integer(),
});

/** Inclusive ranges, ascending, with gaps between them. */
export const ranges: FieldCodec<readonly IntegerRange[]> = mapped(
  list(nested(range), LIMITS.ranges),
  (ranges: readonly IntegerRange[]) => ranges,
  (ranges, label) => {
    let last = -2;
    for (const { begin, end } of ranges) {
      if (begin <= last + 1 || end < begin) throw invalid(`${label} is not ascending and merged`);
      last = end;
    }
    return ranges;
  },
);

const value = union<ResourceValue, "type">(ResourceValueSchema, "type", {
  scalar: { milli: integer() },
  ranges: { ranges },
  set: { items: list(id(), LIMITS.items) },
});

const label = record<Label>(LabelSchema, { key: id(), value: optional(text(LIMITS.sentence)) });

const reservation = record<Reservation>(ReservationSchema, {
  type: word(["static", "dynamic"]),
  role: id(),
  principal: optional(text()),
  labels: optional(list(nested(label), LIMITS.labels)),
});

const disk = record<DiskInfo>(DiskInfoSchema, {
  source: optional(
    nested(
      record<NonNullable<DiskInfo["source"]>>(DiskInfo_SourceSchema, {
        type: word(["path", "mount", "raw", "block"]),
        id: optional(text(LIMITS.sentence)),
        root: optional(text(LIMITS.sentence)),
      }),
    ),
  ),
  persistence: optional(
    nested(
      record<NonNullable<DiskInfo["persistence"]>>(DiskInfo_PersistenceSchema, {
        id: id(),
        principal: optional(text()),
      }),
    ),
  ),
  volume: optional(
    nested(
      record<NonNullable<DiskInfo["volume"]>>(DiskInfo_VolumeSchema, {
        containerPath: id(LIMITS.sentence),
        mode: word(["RW", "RO"]),
      }),
    ),
  ),
});

export const resource = record<Resource>(ResourceSchema, {
  name: id(),
  value: nested(value),
  reservations: optional(list(nested(reservation), LIMITS.reservations)),
  disk: optional(nested(disk)),
  isShared: optional(mark()),
  isRevocable: optional(mark()),
});

/** A canonical list; what arrives in another order or in pieces is brought into that form. */
export const resources: FieldCodec<Resources> = mapped(
  list(nested(resource), LIMITS.resources),
  (list: Resources) => list,
  (list) => (isCanonical(list) ? list : canonical(list)),
);

/** The same in a message of its own, where a field could not tell "nothing" from "not said". */
export const resourceList = record<{ readonly resources: Resources }>(ResourceListSchema, {
  resources,
});

/** Sorted by kind, each kind once, nothing empty. */
function isCanonical(list: Resources): boolean {
  let previous = "";
  for (const resource of list) {
    const kind = kindOf(resource);
    if (kind <= previous || isEmptyValue(resource.value)) return false;
    previous = kind;
  }
  return true;
}
