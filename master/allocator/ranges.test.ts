import {
  addValues,
  coversValue,
  type IntegerRange,
  mergeRanges,
  type ResourceValue,
} from "@bourse/model/resources";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hasValue, joinValues } from "./ranges.ts";

const anyRange = fc
  .tuple(fc.nat(30), fc.nat(6))
  .map(([begin, length]): IntegerRange => ({ begin, end: begin + length }));
/** Canonical: ascending and merged. */
const anyRanges = fc
  .array(anyRange, { maxLength: 6 })
  .map((list): ResourceValue => ({ type: "ranges", ranges: mergeRanges(list) }));
const anySet = fc
  .subarray(["a", "b", "c", "d"])
  .map((items): ResourceValue => ({ type: "set", items }));
const anyTwo = fc.oneof(fc.tuple(anyRanges, anyRanges), fc.tuple(anySet, anySet));

function same(holds: (left: ResourceValue, right: ResourceValue) => void): void {
  fc.assert(
    fc.property(anyTwo, ([left, right]) => {
      holds(left, right);
    }),
    { numRuns: 1_000 },
  );
}

test("values join as the model adds them", () => {
  same((left, right) => expect(joinValues(left, right)).toEqual(addValues(left, right)));
});

test("a value has what the model says that it covers", () => {
  same((left, right) => expect(hasValue(left, right)).toBe(coversValue(left, right)));
});

test("a value has all of what it is joined with, and of itself", () => {
  same((left, right) => {
    expect(hasValue(joinValues(left, right), left)).toBe(true);
    expect(hasValue(joinValues(left, right), right)).toBe(true);
    expect(hasValue(left, left)).toBe(true);
  });
});
