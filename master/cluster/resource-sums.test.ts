import { addAll, type Resource, type Resources, ranges, scalar } from "@bourse/model/resources";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scalarSum, sumOf } from "./resource-sums.ts";

const anyResource: fc.Arbitrary<Resource> = fc.oneof(
  fc
    .record({ name: fc.constantFrom("cpus", "mem"), milli: fc.nat({ max: 9 }) })
    .map(({ name, milli }) => scalar(name, milli)),
  fc
    .record({ begin: fc.nat({ max: 30 }), size: fc.nat({ max: 3 }) })
    .map(({ begin, size }) => ranges("ports", [{ begin, end: begin + size }])),
  fc.constantFrom<Resource>(
    { name: "zones", value: { type: "set", items: ["a"] } },
    { name: "zones", value: { type: "set", items: ["b"] } },
    { ...scalar("cpus", 1), isRevocable: true },
    { ...scalar("disk", 1), reservations: [{ type: "dynamic", role: "r" }] },
  ),
);

test("the sum in one pass is the sum", () => {
  fc.assert(
    fc.property(fc.array(fc.array(anyResource)), (lists) => {
      expect(sumOf(lists)).toEqual(addAll(lists));
    }),
  );
});

test("scalars are added up by name, whatever their kind", () => {
  const lists: Resources[] = [
    [scalar("cpus", 1), ranges("ports", [{ begin: 1, end: 2 }])],
    [{ ...scalar("cpus", 2), isRevocable: true }, scalar("mem", 3)],
  ];
  expect(scalarSum(lists)).toEqual([scalar("cpus", 3), scalar("mem", 3)]);
});
