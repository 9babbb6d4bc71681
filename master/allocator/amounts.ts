import type { ResourceValue } from "@bourse/model/resources";
import { hasValue } from "./ranges.ts";

/** How much of a value there is: thousandths, or the number of elements. */
export function amountOf(value: ResourceValue): number {
  switch (value.type) {
    case "scalar":
      return value.milli;
    case "ranges": {
      let count = 0;
      for (const { begin, end } of value.ranges) count += end - begin + 1;
      return count;
    }
    case "set":
      return value.items.length;
  }
}

/** Whether one entry's worth of an offer lies within another. */
export function isWithin(
  amount: number,
  value: ResourceValue | undefined,
  boundAmount: number,
  boundValue: ResourceValue | undefined,
): boolean {
  if (amount > boundAmount) return false;
  return value === undefined || (boundValue !== undefined && hasValue(boundValue, value));
}
