import type { Refusal } from "@bourse/model/errors";
import type { RoleWeight } from "@bourse/model/quota";
import { roleNameProblem } from "@bourse/model/role-name";
import { weightRecord } from "./registry-records.ts";
import type { Turn } from "./state.ts";

/** An operator sets how much roles get against their siblings, from the next run on (M-30). All of the call or nothing. */
export function updateWeights(turn: Turn, weights: readonly RoleWeight[]): Refusal | null {
  const problem = problemOf(weights);
  if (problem !== null) {
    return { code: "invalid_call", message: `cannot set weights: ${problem}` };
  }
  for (const { role, weightMilli } of weights) {
    turn.state.allocator.updateWeight(role, weightMilli / 1000);
    turn.out.persist(weightRecord({ role, weightMilli }));
    turn.out.change({ kind: "weight-changed", role, weightMilli });
  }
  return null;
}

function problemOf(weights: readonly RoleWeight[]): string | null {
  const seen = new Set<string>();
  for (const { role, weightMilli } of weights) {
    const problem = roleNameProblem(role);
    if (problem !== undefined) return `role "${role}" is not valid: ${problem}`;
    if (seen.has(role)) return `role ${role} is named twice`;
    seen.add(role);
    if (!Number.isSafeInteger(weightMilli) || weightMilli < 1) {
      return `the weight of role ${role} must be at least 0.001`;
    }
    if (weightMilli > WEIGHT_MILLI_MAX) {
      return `the weight of role ${role} must be at most ${WEIGHT_MILLI_MAX / 1000}`;
    }
  }
  return null;
}

/** Shares are multiplied by it and must stay whole numbers. */
const WEIGHT_MILLI_MAX = 1_000_000_000;
