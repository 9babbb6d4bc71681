import type { RoleStanding } from "@bourse/model/explain";
import type { Role } from "@bourse/model/ids";
import type { Candidates, ExplainQuestion } from "./explain-candidate.ts";
import type { Circumstances } from "./explain-checks.ts";
import { pathOf } from "./explain-quota.ts";
import { subtreeRow } from "./role-tree.ts";
import { NONE } from "./slots.ts";
import { siblingStanding } from "./standings.ts";
import type { Tables } from "./tables.ts";

/** From the top down to each role in question. */
export function rolesOf(question: ExplainQuestion, all: readonly Candidates[]): readonly Role[] {
  const roles = all.flat().map(({ role }) => role);
  if (question.kind === "role" || question.kind === "shape") roles.unshift(question.role);
  return Array.from(new Set(roles.flatMap(pathOf)));
}

/** The place of a role among its siblings; one that nobody has is placed where it would be with nothing. */
export function standingOf(
  { tables, quota, monoMs }: Circumstances,
  role: Role,
  all: readonly Candidates[],
): RoleStanding {
  const { clients, standings } = tables;
  const { tree } = clients;
  const slot = tree.slots.slotOf(role);
  const pairs = all
    .flat()
    .filter((candidate) => candidate.role === role && candidate.pair !== NONE)
    .map(({ pair }) => pair);
  const limits = quota.limitedNames(role).map((name) => quota.limitOf(role, name)!);
  return {
    role,
    isSuppressed: pairs.length > 0 && pairs.every((pair) => clients.isSuppressed[pair] === 1),
    ...(slot === NONE ? newStanding(tables, role) : siblingStanding(tree, subtreeRow(slot))),
    weightMilli: tree.weightMilliOf(role),
    fairShare: standings.fairShares().get(slot) ?? 0,
    unservedForMs: slot === NONE ? null : standings.unservedForMs(slot, monoMs),
    limits: limits.map(({ role: whose, name, limitMilli, consumedMilli }) => ({
      role: whose,
      name,
      limitMilli,
      consumedMilli,
    })),
  };
}

/** Of a role that is not there yet: it holds nothing, so it comes before all that hold something. */
function newStanding({ clients }: Tables, role: Role) {
  const { tree } = clients;
  const parent = tree.slots.slotOf(pathOf(role).at(-2) ?? "");
  const siblings = tree.slots
    .list()
    .filter((other) => tree.parentOf[other] === parent && tree.isRanked(other))
    .map((other) => siblingStanding(tree, subtreeRow(other)).share);
  const before = siblings.filter((share) => share === 0).length;
  return { share: 0, position: before + 1, of: siblings.length + 1 };
}
