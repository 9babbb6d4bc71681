import { compileConstraints } from "@bourse/allocator/constraints";
import type { OfferConstraints } from "@bourse/model/constraints";
import type { FrameworkInfo } from "@bourse/model/framework";
import { roleNameProblem } from "@bourse/model/role-name";
import { CLUSTER_LIMITS } from "./config.ts";

/** What is wrong with what a framework says of itself, in words. */
export function infoProblem(info: FrameworkInfo): string | null {
  if (info.roles.length > CLUSTER_LIMITS.rolesPerFrameworkMax) {
    return `${info.roles.length} roles are more than the ${CLUSTER_LIMITS.rolesPerFrameworkMax} allowed`;
  }
  if (new Set(info.roles).size !== info.roles.length) return "a role is named twice";
  for (const role of info.roles) {
    const problem = roleNameProblem(role);
    if (problem !== undefined) return `role "${role}" is not valid: ${problem}`;
  }
  if (Number.isNaN(info.failoverTimeoutMs)) return "the failover timeout is not a number";
  return null;
}

/** Why constraints cannot be used, in words; null when they can (M-38). */
export function constraintsProblem(
  info: FrameworkInfo,
  constraints: OfferConstraints | undefined,
): string | null {
  if (constraints === undefined) return null;
  for (const role of constraints.keys()) {
    if (!info.roles.includes(role)) {
      return `there are offer constraints for role ${role}, which is none of its roles`;
    }
  }
  const compiled = compileConstraints(constraints);
  return compiled.kind === "invalid" ? compiled.reason : null;
}
