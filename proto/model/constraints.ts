import type { Role } from "./ids.ts";

/**
 * On which agents a framework wants offers at all (FEATURES M-38). Per role: one of the groups must hold; in a
 * group all of its constraints must. A role without an entry takes offers of every agent.
 */
export type OfferConstraints = ReadonlyMap<Role, RoleConstraints>;

/** OR of groups; never empty. */
export type RoleConstraints = readonly ConstraintGroup[];

/** AND; never empty. */
export type ConstraintGroup = readonly AttributeConstraint[];

export interface AttributeConstraint {
  readonly selector: ConstraintSelector;
  readonly predicate: ConstraintPredicate;
}

export type ConstraintSelector =
  | { readonly type: "hostname" }
  | { readonly type: "region" }
  | { readonly type: "zone" }
  /** The first attribute of that name. */
  | { readonly type: "attribute"; readonly name: string };

/** An attribute that is there but is not text meets every text predicate (M-38). */
export type ConstraintPredicate =
  | { readonly type: "exists" }
  | { readonly type: "not-exists" }
  | { readonly type: "text-equals"; readonly value: string }
  | { readonly type: "text-not-equals"; readonly value: string }
  /** The whole text matches the regular expression (RE2 syntax). */
  | { readonly type: "text-matches"; readonly pattern: string }
  | { readonly type: "text-not-matches"; readonly pattern: string };
