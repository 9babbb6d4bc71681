import { canonical, equal, type Resource, type Resources, scalar } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import fc from "fast-check";
import { expect, test } from "vitest";
import { anyReserved, anyVolume } from "./testing/builders.ts";
import { combineTotal, converted, dynamicPart } from "./total-resources.ts";

const disk = (milli: number): Resource => scalar("disk", milli);
const shared = (volume: Resource): Resource => ({ ...volume, isShared: true });
/** Pushed on a static reservation for `eng`. */
const refined = (resource: Resource): Resource => ({
  ...resource,
  reservations: [
    { type: "static", role: "eng" },
    { type: "dynamic", role: "eng/backend" },
  ],
});

test.each<[what: string, dynamic: Resources, detected: string, rest: string]>([
  [
    "a reservation is taken from what is free",
    [anyReserved("eng", disk(60))],
    "disk:100",
    "disk:99.94",
  ],
  ["and a volume", [anyVolume("eng", "v1", 100_000)], "disk:100", ""],
  ["also a shared one, once", [shared(anyVolume("eng", "v1", 100_000))], "disk:100", ""],
  [
    "what refines a static reservation is taken from it, not from what is free",
    [refined(disk(40_000))],
    "disk(eng):40;disk:7",
    "disk:7",
  ],
])("M-56: %s", (_what, dynamic, detected, rest) => {
  const combined = combineTotal(parseResources(detected), dynamic);
  if (!("total" in combined)) throw new Error(combined.missing);
  const plain = combined.total.filter((resource) => !dynamic.includes(resource));
  expect(equal(plain, rest === "" ? [] : parseResources(rest))).toBe(true);
  expect(dynamicPart(combined.total)).toEqual(canonical(dynamic));
});

test.each<[what: string, dynamic: Resources, detected: string, missing: string]>([
  [
    "less of it",
    [anyReserved("eng", disk(60_000)), anyVolume("eng", "v1", 60_000)],
    "cpus:1;disk:100",
    "disk:120 is reserved or holds volumes, the agent now has disk:100",
  ],
  [
    "none of it",
    [anyReserved("eng", scalar("gpus", 1_000))],
    "cpus:1",
    "gpus:1 is reserved or holds volumes, the agent now has no such gpus",
  ],
  [
    "enough of it, but reserved for others",
    [refined(disk(60_000))],
    "disk:100",
    "disk(eng):60 is reserved or holds volumes, the agent now has no such disk",
  ],
])("M-56: a machine that has %s is told what is missing", (_what, dynamic, detected, missing) => {
  expect(combineTotal(parseResources(detected), dynamic)).toEqual({ missing });
});

test("whatever operations made of a machine comes back on the same machine", () => {
  const anyDynamic = fc.array(
    fc.oneof(
      fc.nat(9).map((milli) => anyReserved("eng", disk(milli + 1))),
      fc.tuple(fc.nat(3), fc.nat(9)).map(([id, milli]) => anyVolume("ops", `v${id}`, milli + 1)),
      fc.nat(9).map((milli) => refined(disk(milli + 1))),
    ),
  );
  const detected = parseResources("cpus:4;disk:1000;disk(eng):1000");
  fc.assert(
    fc.property(anyDynamic, (made) => {
      const dynamic = canonical(made);
      const combined = combineTotal(detected, dynamic);
      if (!("total" in combined)) throw new Error(combined.missing);
      expect(dynamicPart(combined.total)).toEqual(dynamic);
      const again = combineTotal(detected, dynamicPart(combined.total));
      expect(again).toEqual(combined);
      const consumed = dynamic.slice(0, 1);
      expect(dynamicPart(converted(combined.total, { consumed, converted: [] }))).toEqual(
        dynamic.slice(1),
      );
    }),
  );
});
