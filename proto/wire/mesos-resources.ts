import type { Role } from "@bourse/model/ids";
import {
  canonical,
  type DiskInfo,
  type Label,
  mergeRanges,
  type Reservation,
  type Resource,
  type Resources,
  type ResourceValue,
} from "@bourse/model/resources";
import { create, isFieldSet, type MessageInitShape } from "@bufbuild/protobuf";
import { Volume_Mode, VolumeSchema } from "#gen/mesos/v1/container_pb";
import {
  type Resource as MesosResource,
  Resource_AllocationInfoSchema,
  type Resource_DiskInfo,
  Resource_DiskInfo_PersistenceSchema,
  Resource_DiskInfo_Source_Type,
  Resource_DiskInfo_SourceSchema,
  type Resource_ReservationInfo,
  Resource_ReservationInfo_Type,
  Resource_ReservationInfoSchema,
  ResourceSchema,
} from "#gen/mesos/v1/resource_pb";
import { LabelSchema, type Labels, Value_Type } from "#gen/mesos/v1/values_pb";
import { invalid } from "./codec.ts";

/**
 * The model's resources as those of Mesos, with the stack of reservations (RESERVATION_REFINEMENT), allocated to
 * `role` where one is given.
 */
export function resourcesToMesos(resources: Resources, role?: Role): MesosResource[] {
  return resources.map((resource) => {
    const message = create(ResourceSchema, toMesos(resource));
    if (role !== undefined)
      message.allocationInfo = create(Resource_AllocationInfoSchema, { role });
    return message;
  });
}

/** The role that resources are allocated to; one for all of them. */
export function roleFromMesos(
  resources: readonly MesosResource[],
  label: string,
): Role | undefined {
  const role = resources[0]?.allocationInfo?.role;
  if (resources.some((resource) => resource.allocationInfo?.role !== role)) {
    throw invalid(`${label} are allocated to several roles`);
  }
  return role === "" ? undefined : role;
}

/**
 * Mesos' resources as a canonical list. Understands both ways of saying a reservation: the stack, and `role` with
 * `reservation`. Amounts are rounded to thousandths, as Mesos does. Refuses what the model cannot say.
 */
export function resourcesFromMesos(resources: readonly MesosResource[], label: string): Resources {
  return canonical(resources.map((resource, index) => fromMesos(resource, `${label}[${index}]`)));
}

/** Above this, sums of thousandths would no longer be exact. */
const AMOUNT_MAX = 2 ** 43;

function toMesos(resource: Resource): MessageInitShape<typeof ResourceSchema> {
  return {
    name: resource.name,
    ...valueToMesos(resource.value),
    reservations: (resource.reservations ?? []).map(reservationToMesos),
    ...(resource.disk && { disk: diskToMesos(resource.disk) }),
    ...(resource.isShared && { shared: {} }),
    ...(resource.isRevocable && { revocable: {} }),
  };
}

function fromMesos(resource: MesosResource, label: string): Resource {
  if (resource.name === "") throw invalid(`${label}.name is missing`);
  if (resource.providerId) throw unsupported(`${label}.provider_id`);
  const reservations = reservationsFromMesos(resource, label);
  return {
    name: resource.name,
    value: valueFromMesos(resource, label),
    ...(reservations.length > 0 && { reservations }),
    ...(resource.disk && { disk: diskFromMesos(resource.disk, `${label}.disk`) }),
    ...(resource.shared && { isShared: true as const }),
    ...(resource.revocable && { isRevocable: true as const }),
  };
}

function valueToMesos(value: ResourceValue) {
  switch (value.type) {
    case "scalar":
      return { type: Value_Type.SCALAR, scalar: { value: value.milli / 1000 } };
    case "ranges":
      return {
        type: Value_Type.RANGES,
        ranges: {
          range: value.ranges.map(({ begin, end }) => ({ begin: BigInt(begin), end: BigInt(end) })),
        },
      };
    case "set":
      return { type: Value_Type.SET, set: { item: [...value.items] } };
  }
}

function valueFromMesos(resource: MesosResource, label: string): ResourceValue {
  switch (resource.type) {
    case Value_Type.SCALAR:
      return { type: "scalar", milli: toMilli(resource.scalar?.value, `${label}.scalar`) };
    case Value_Type.RANGES: {
      const ranges = (resource.ranges?.range ?? []).map(({ begin, end }) => {
        if (begin > end || end > BigInt(Number.MAX_SAFE_INTEGER)) {
          throw invalid(`${label}.ranges has [${begin}-${end}]`);
        }
        return { begin: Number(begin), end: Number(end) };
      });
      return { type: "ranges", ranges: mergeRanges(ranges) };
    }
    case Value_Type.SET:
      return { type: "set", items: Array.from(new Set(resource.set?.item ?? [])).sort() };
    default:
      throw invalid(`${label}.type is not that of a resource`);
  }
}

/** Thousandths of an amount, rounded. */
export function toMilli(amount: number | undefined, label: string): number {
  if (amount === undefined) throw invalid(`${label} is missing`);
  if (!(amount >= 0 && amount <= AMOUNT_MAX)) {
    throw invalid(`${label} is ${amount}, not an amount from 0 to 2^43`);
  }
  return Math.round(amount * 1000);
}

function reservationToMesos(
  reservation: Reservation,
): MessageInitShape<typeof Resource_ReservationInfoSchema> {
  return {
    type: reservation.type === "static" ? STATIC : DYNAMIC,
    role: reservation.role,
    ...(reservation.principal !== undefined && { principal: reservation.principal }),
    ...(reservation.labels && {
      labels: { labels: reservation.labels.map((one) => ({ ...one })) },
    }),
  };
}

const { STATIC, DYNAMIC } = Resource_ReservationInfo_Type;

function reservationsFromMesos(resource: MesosResource, label: string): Reservation[] {
  if (resource.reservations.length > 0) {
    return resource.reservations.map((info, index) => {
      const at = `${label}.reservations[${index}]`;
      if (info.type !== STATIC && info.type !== DYNAMIC) throw invalid(`${at}.type is missing`);
      return reservation(info, info.type === STATIC ? "static" : "dynamic", info.role, at);
    });
  }
  const { role, reservation: info } = resource; // The way before refinement; the default role is `*`.
  if (info) return [reservation(info, "dynamic", role, `${label}.reservation`)];
  return role === "*" || role === "" ? [] : [{ type: "static", role }];
}

function reservation(
  info: Resource_ReservationInfo,
  type: Reservation["type"],
  role: string,
  label: string,
): Reservation {
  if (role === "" || role === "*") throw invalid(`${label} needs a role other than *`);
  const labels = labelsFromMesos(info.labels);
  return {
    type,
    role,
    ...(isFieldSet(info, Resource_ReservationInfoSchema.field.principal) && {
      principal: info.principal,
    }),
    ...(labels.length > 0 && { labels }),
  };
}

export function labelsFromMesos(labels: Labels | undefined): Label[] {
  return (labels?.labels ?? []).map((label) =>
    isFieldSet(label, LabelSchema.field.value)
      ? { key: label.key, value: label.value }
      : { key: label.key },
  );
}

const SOURCES = [
  ["path", Resource_DiskInfo_Source_Type.PATH],
  ["mount", Resource_DiskInfo_Source_Type.MOUNT],
  ["raw", Resource_DiskInfo_Source_Type.RAW],
  ["block", Resource_DiskInfo_Source_Type.BLOCK],
] as const;

function diskToMesos(disk: DiskInfo): NonNullable<MessageInitShape<typeof ResourceSchema>["disk"]> {
  const { source, persistence, volume } = disk;
  const root = source?.root === undefined ? {} : { root: source.root };
  return {
    ...(source && {
      source: {
        type: SOURCES.find(([name]) => name === source.type)?.[1] as Resource_DiskInfo_Source_Type,
        ...(source.id !== undefined && { id: source.id }),
        ...(source.type === "path" && { path: root }),
        ...(source.type === "mount" && { mount: root }),
      },
    }),
    ...(persistence && { persistence: { ...persistence } }),
    ...(volume && {
      volume: {
        containerPath: volume.containerPath,
        mode: volume.mode === "RW" ? Volume_Mode.RW : Volume_Mode.RO,
      },
    }),
  };
}

function diskFromMesos(disk: Resource_DiskInfo, label: string): DiskInfo {
  return {
    ...(disk.source && { source: sourceFromMesos(disk.source, `${label}.source`) }),
    ...(disk.persistence && {
      persistence: {
        id: disk.persistence.id,
        ...(isFieldSet(disk.persistence, Resource_DiskInfo_PersistenceSchema.field.principal) && {
          principal: disk.persistence.principal,
        }),
      },
    }),
    ...(disk.volume && { volume: volumeFromMesos(disk.volume, `${label}.volume`) }),
  };
}

function sourceFromMesos(
  source: NonNullable<Resource_DiskInfo["source"]>,
  label: string,
): NonNullable<DiskInfo["source"]> {
  const type = SOURCES.find(([, number]) => number === source.type)?.[0];
  if (type === undefined) throw invalid(`${label}.type is missing or unknown`);
  if (source.metadata || source.profile || source.vendor) throw unsupported(`${label}.profile`);
  const root = (source.path ?? source.mount)?.root;
  return {
    type,
    ...(isFieldSet(source, Resource_DiskInfo_SourceSchema.field.id) && { id: source.id }),
    ...(root && { root }),
  };
}

function volumeFromMesos(
  volume: NonNullable<Resource_DiskInfo["volume"]>,
  label: string,
): NonNullable<DiskInfo["volume"]> {
  if (isFieldSet(volume, VolumeSchema.field.hostPath)) throw unsupported(`${label}.host_path`);
  if (volume.source || volume.image) throw unsupported(`${label}.source`);
  return {
    containerPath: volume.containerPath,
    mode: volume.mode === Volume_Mode.RO ? "RO" : "RW",
  };
}

/** The refusal of a part of Mesos that would otherwise be ignored. */
export function unsupported(label: string): Error {
  return invalid(`${label} is not supported yet`);
}
