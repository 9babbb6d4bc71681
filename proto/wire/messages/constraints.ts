import type {
  AttributeConstraint,
  ConstraintPredicate,
  ConstraintSelector,
  OfferConstraints,
  RoleConstraints,
} from "@bourse/model/constraints";
import type { Role } from "@bourse/model/ids";
import {
  AttributeConstraintSchema,
  ConstraintGroupSchema,
  ConstraintPredicateSchema,
  ConstraintSelectorSchema,
  OfferConstraints_EntrySchema,
  OfferConstraintsSchema,
  RoleConstraintsSchema,
} from "#gen/bourse/v1/constraints_pb";
import { type FieldCodec, invalid, record, union } from "../codec.ts";
import { id, list, mapped, nested, text } from "../fields.ts";
import { LIMITS } from "../limits.ts";

const selector = union<ConstraintSelector, "type">(ConstraintSelectorSchema, "type", {
  hostname: {},
  region: {},
  zone: {},
  attribute: { name: id() },
});

const predicate = union<ConstraintPredicate, "type">(ConstraintPredicateSchema, "type", {
  exists: {},
  "not-exists": {},
  "text-equals": { value: text(LIMITS.sentence) },
  "text-not-equals": { value: text(LIMITS.sentence) },
  "text-matches": { pattern: text(LIMITS.pattern) },
  "text-not-matches": { pattern: text(LIMITS.pattern) },
});

const constraint = record<AttributeConstraint>(AttributeConstraintSchema, {
  selector: nested(selector),
  predicate: nested(predicate),
});

interface Group {
  readonly constraints: readonly AttributeConstraint[];
}

interface Groups {
  readonly groups: readonly Group[];
}

const groups = nested(
  record<Groups>(RoleConstraintsSchema, {
    groups: list(
      nested(
        record<Group>(ConstraintGroupSchema, {
          constraints: list(nested(constraint), LIMITS.constraints),
        }),
      ),
      LIMITS.constraintGroups,
    ),
  }),
);

/** Whether they mean something (no empty group, patterns that compile) is for the core to say. */
export const roleConstraints: FieldCodec<RoleConstraints> = mapped(
  groups,
  (list: RoleConstraints) => ({ groups: list.map((constraints) => ({ constraints })) }),
  (message): RoleConstraints => message.groups.map((group) => group.constraints),
);

interface Entry {
  readonly role: Role;
  readonly constraints: RoleConstraints;
}

export const offerConstraints: FieldCodec<OfferConstraints> = mapped(
  nested(
    record<{ readonly roles: readonly Entry[] }>(OfferConstraintsSchema, {
      roles: list(
        nested(
          record<Entry>(OfferConstraints_EntrySchema, { role: id(), constraints: roleConstraints }),
        ),
        LIMITS.roles,
      ),
    }),
  ),
  (byRole: OfferConstraints) => ({
    roles: Array.from(byRole, ([role, constraints]) => ({ role, constraints })),
  }),
  ({ roles }, label): OfferConstraints => {
    const byRole = new Map(roles.map(({ role, constraints }) => [role, constraints]));
    if (byRole.size !== roles.length) throw invalid(`${label} names a role twice`);
    return byRole;
  },
);
