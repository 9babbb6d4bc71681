import { type Resources, scalarMilli } from "@bourse/model/resources";
import type { DimensionTable } from "./kinds.ts";
import { NONE } from "./slots.ts";

/**
 * The least that is worth an offer (FEATURES M-23): one of several alternatives, each of which needs all of its
 * amounts. Amounts are by name: reserved and free ones count together (CASES A15). No alternatives = anything.
 */
export type Minimum = readonly (readonly MinimumAmount[])[];

export interface MinimumAmount {
  readonly name: string;
  readonly milli: number;
}

export function minimumFrom(alternatives: readonly Resources[]): Minimum {
  return alternatives.map((resources) => {
    const names = Array.from(new Set(resources.map(({ name }) => name)));
    return names
      .map((name) => ({ name, milli: scalarMilli(resources, name) }))
      .filter(({ milli }) => milli > 0);
  });
}

/** `quantities`: thousandths by dimension. */
export function satisfies(
  minimum: Minimum,
  quantities: Float64Array,
  dimensions: DimensionTable,
): boolean {
  if (minimum.length === 0) return true;
  for (let index = 0; index < minimum.length; index++) {
    if (hasAll(minimum[index]!, quantities, dimensions)) return true;
  }
  return false;
}

function hasAll(
  amounts: readonly MinimumAmount[],
  quantities: Float64Array,
  dimensions: DimensionTable,
): boolean {
  for (let index = 0; index < amounts.length; index++) {
    const { name, milli } = amounts[index]!;
    const dimension = dimensions.find(name);
    if (dimension === NONE || quantities[dimension]! < milli) return false;
  }
  return true;
}
