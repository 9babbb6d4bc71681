import type { ResourceValue } from "@bourse/model/resources";
import { NONE } from "./slots.ts";

/** Columns double outside the hot loop: an index that is in range stays in range during a run. */
export function grownFloats(column: Float64Array, length: number): Float64Array {
  if (length <= column.length) return column;
  const grown = new Float64Array(Math.max(length, column.length * 2));
  grown.set(column);
  return grown;
}

export function grownInts(column: Int32Array, length: number): Int32Array {
  if (length <= column.length) return column;
  const grown = new Int32Array(Math.max(length, column.length * 2));
  grown.set(column);
  return grown;
}

export function grownBytes(column: Uint8Array, length: number): Uint8Array {
  if (length <= column.length) return column;
  const grown = new Uint8Array(Math.max(length, column.length * 2));
  grown.set(column);
  return grown;
}

/** The same rows in a table whose rows have become wider. */
export function widenedFloats(column: Float64Array, from: number, to: number): Float64Array {
  const rows = Math.floor(column.length / from);
  const widened = new Float64Array(rows * to);
  for (let row = 0; row < rows; row++)
    widened.set(column.subarray(row * from, row * from + from), row * to);
  return widened;
}

/** Entry i of the row becomes what entry `from[i]` was; NONE = nothing. */
export function moveFloats(
  column: Float64Array,
  base: number,
  from: readonly number[],
  oldCount: number,
): void {
  const old = Array.from(column.subarray(base, base + oldCount));
  column.fill(0, base, base + oldCount);
  from.forEach((entry, index) => {
    column[base + index] = entry === NONE ? 0 : old[entry]!;
  });
}

export function moveValues(
  values: (ResourceValue | undefined)[],
  base: number,
  from: readonly number[],
  oldCount: number,
): void {
  const old: (ResourceValue | undefined)[] = [];
  for (let entry = 0; entry < oldCount; entry++) {
    old.push(values[base + entry]);
    values[base + entry] = undefined;
  }
  from.forEach((entry, index) => {
    values[base + index] = entry === NONE ? undefined : old[entry];
  });
}

export function widenValues(values: (ResourceValue | undefined)[], from: number, to: number): void {
  const old = values.slice();
  values.length = 0;
  for (let row = 0; row < old.length / from; row++)
    for (let entry = 0; entry < to; entry++)
      values.push(entry < from ? old[row * from + entry] : undefined);
}
