import {
  addValues,
  coversValue,
  type IntegerRange,
  type ResourceValue,
} from "@bourse/model/resources";

/**
 * The value algebra of `@bourse/model/resources` for canonical lists, in one pass: ranges ascending and merged. An
 * agent has dozens of port ranges in use, and each task that ends joins some.
 */
export function joinValues(left: ResourceValue, right: ResourceValue): ResourceValue {
  if (left.type !== "ranges" || right.type !== "ranges") return addValues(left, right);
  return { type: "ranges", ranges: joinRanges(left.ranges, right.ranges) };
}

/** Whether `held` has all of `wanted`. */
export function hasValue(held: ResourceValue, wanted: ResourceValue): boolean {
  if (held === wanted) return true;
  if (held.type !== "ranges" || wanted.type !== "ranges") return coversValue(held, wanted);
  return hasRanges(held.ranges, wanted.ranges);
}

function joinRanges(
  left: readonly IntegerRange[],
  right: readonly IntegerRange[],
): readonly IntegerRange[] {
  const joined: IntegerRange[] = [];
  let l = 0;
  let r = 0;
  let last: IntegerRange | undefined;
  while (l < left.length || r < right.length) {
    const isLeft = r === right.length || (l < left.length && left[l]!.begin <= right[r]!.begin);
    const range = isLeft ? left[l++]! : right[r++]!;
    if (last === undefined || range.begin > last.end + 1) {
      joined.push(range);
      last = range;
    } else if (range.end > last.end) {
      last = { begin: last.begin, end: range.end };
      joined[joined.length - 1] = last;
    }
  }
  return joined;
}

function hasRanges(held: readonly IntegerRange[], wanted: readonly IntegerRange[]): boolean {
  let h = 0;
  for (let w = 0; w < wanted.length; w++) {
    const { begin, end } = wanted[w]!;
    while (h < held.length && held[h]!.end < begin) h++;
    if (h === held.length || held[h]!.begin > begin || held[h]!.end < end) return false;
  }
  return true;
}
