import type { Role } from "./ids.ts";

/** Thousandths of one scalar by name; lists are sorted by name and name nothing twice. */
export interface Amount {
  readonly name: string;
  readonly milli: number;
}

/**
 * What a role and everything below it is promised and may at most use (FEATURES M-31, F-03), at any level of the
 * tree. A scalar that `limits` does not name has no limit; one that `guarantees` does not name has no promise.
 * Consumption = allocations of the subtree + all reservations for roles in the subtree.
 */
export interface Quota {
  readonly role: Role;
  readonly guarantees: readonly Amount[];
  readonly limits: readonly Amount[];
}

export interface RoleWeight {
  readonly role: Role;
  /** Thousandths, at least 1; 1000 is the default. */
  readonly weightMilli: number;
}

/** The bound of one name, or undefined when the list does not name it. */
export function amountIn(amounts: readonly Amount[], name: string): number | undefined {
  return amounts.find((amount) => amount.name === name)?.milli;
}
