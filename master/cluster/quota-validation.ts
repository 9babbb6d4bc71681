import type { Role } from "@bourse/model/ids";
import { type Amount, amountIn, type Quota } from "@bourse/model/quota";
import { formatMilli } from "@bourse/model/resources";
import { roleNameProblem } from "@bourse/model/role-name";

/**
 * What is wrong with quotas as they would be after the call, in words; null when they fit together (M-31, F-03). `old`:
 * those in force. What a role is guaranteed is within its own limit and those above it, and the guarantees of children
 * are part of their parent's.
 */
export function quotaProblem(quotas: readonly Quota[], old: readonly Quota[]): string | null {
  const all = new Map(old.map((quota) => [quota.role, quota]));
  const named = new Set<Role>();
  for (const quota of quotas) {
    const problem = oneProblem(quota);
    if (problem !== null) return problem;
    if (named.has(quota.role)) return `role ${quota.role} is named twice`;
    named.add(quota.role);
    all.set(quota.role, quota);
  }
  for (const quota of all.values()) {
    const problem = limitProblem(quota, all);
    if (problem !== null) return problem;
  }
  return childrenProblem(all);
}

function oneProblem({ role, guarantees, limits }: Quota): string | null {
  const problem = roleNameProblem(role);
  if (problem !== undefined) return `role "${role}" is not valid: ${problem}`;
  if (role === "*") return "role * is everybody's and cannot have a quota";
  return amountsProblem(role, guarantees) ?? amountsProblem(role, limits);
}

function amountsProblem(role: Role, amounts: readonly Amount[]): string | null {
  const seen = new Set<string>();
  for (const { name, milli } of amounts) {
    if (!NAME.test(name)) return `"${name}" of role ${role} is not the name of a resource`;
    if (name === "ports") return `quota is on amounts, and ports of role ${role} have none`;
    if (seen.has(name)) return `${name} of role ${role} is named twice`;
    seen.add(name);
    if (!Number.isSafeInteger(milli) || milli < 0) {
      return `the amount of ${name} of role ${role} is not a whole number of thousandths from 0`;
    }
  }
  return null;
}

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** A promise that a limit forbids to keep. */
function limitProblem({ role, guarantees }: Quota, all: ReadonlyMap<Role, Quota>): string | null {
  for (const { name, milli } of guarantees) {
    for (let above: Role | null = role; above !== null; above = parentOf(above)) {
      const limit = amountIn(all.get(above)?.limits ?? [], name);
      if (limit === undefined || milli <= limit) continue;
      return `role ${role} would be guaranteed ${formatMilli(milli)} ${name}, but role ${above} may use at most ${formatMilli(limit)}`;
    }
  }
  return null;
}

function childrenProblem(all: ReadonlyMap<Role, Quota>): string | null {
  const sums = new Map<Role, Map<string, number>>();
  for (const { role, guarantees } of all.values()) {
    const parent = parentOf(role);
    if (parent === null) continue;
    const sum = sums.get(parent) ?? new Map<string, number>();
    sums.set(parent, sum);
    for (const { name, milli } of guarantees) sum.set(name, (sum.get(name) ?? 0) + milli);
  }
  for (const [parent, sum] of sums) {
    for (const [name, milli] of sum) {
      const own = amountIn(all.get(parent)?.guarantees ?? [], name) ?? 0;
      if (milli <= own) continue;
      return `the roles below ${parent} would be guaranteed ${formatMilli(milli)} ${name}, more than the ${formatMilli(own)} of ${parent} itself`;
    }
  }
  return null;
}

function parentOf(role: Role): Role | null {
  const slash = role.lastIndexOf("/");
  return slash === -1 ? null : role.slice(0, slash);
}
