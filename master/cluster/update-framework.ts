import type { Refusal } from "@bourse/model/errors";
import type { FrameworkInfo } from "@bourse/model/framework";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { changeFramework } from "./allocation.ts";
import { constraintsProblem, infoProblem } from "./framework-validation.ts";
import { frameworkClosed } from "./frameworks.ts";
import { rescindOffer } from "./offers.ts";
import { frameworkRecord } from "./registry-records.ts";
import type { Framework, Turn } from "./state.ts";

/**
 * A framework changes what it is, without a new session: all of the call, or nothing and the session ends with the
 * reason. Principal, user and checkpointing stay (FEATURES 3.3). Offers for roles that it leaves are rescinded; those
 * for roles that it suppresses stand, and so do those that its new constraints would not have let through.
 */
export function updateFramework(
  turn: Turn,
  framework: Framework,
  call: Extract<FrameworkCall, { kind: "update-framework" }>,
): void {
  const refusal = refusalOf(framework, call);
  if (refusal !== null) {
    if (framework.session !== null) turn.out.refuseFramework(framework.session, refusal);
    frameworkClosed(turn, framework, refusal.message);
    return;
  }
  const { roles } = call.info;
  for (const record of framework.offers) {
    const { role } = record.offer;
    if (!roles.includes(role)) rescindOffer(turn, record, `the framework left role ${role}`);
  }
  framework.info = { ...call.info, ...keptOf(framework.info) };
  framework.suppressedRoles = call.suppressedRoles.filter((role) => roles.includes(role));
  framework.offerConstraints = call.offerConstraints ?? null;
  changeFramework(turn.state, framework);
  turn.out.persist(frameworkRecord(framework));
  const { frameworkId } = framework;
  const cause = "the framework updated itself";
  turn.out.change({ kind: "framework-changed", frameworkId, condition: "active", cause });
}

/** The edge may have added the principal of the connection; without one the call says nothing about it. */
function keptOf({ principal, user, isCheckpointing }: FrameworkInfo) {
  return { user, isCheckpointing, ...(principal !== undefined && { principal }) };
}

function refusalOf(
  { frameworkId, info }: Framework,
  call: Extract<FrameworkCall, { kind: "update-framework" }>,
): Refusal | null {
  const name = `cannot update framework ${frameworkId}`;
  const problem = infoProblem(call.info) ?? constraintsProblem(call.info, call.offerConstraints);
  if (problem !== null) return { code: "invalid_call", message: `${name}: ${problem}` };
  const changed = fixedChange(info, call.info);
  if (changed === null) return null;
  const hint = "start a new framework to change it";
  return { code: "invalid_call", message: `${name}: ${changed}`, hint };
}

function fixedChange(old: FrameworkInfo, wanted: FrameworkInfo): string | null {
  if (wanted.principal !== undefined && wanted.principal !== old.principal) {
    return `its principal is ${old.principal ?? "(none)"} and cannot change`;
  }
  if (wanted.user !== old.user) return `its user is ${old.user} and cannot change`;
  if (wanted.isCheckpointing !== old.isCheckpointing) {
    return `it ${old.isCheckpointing ? "checkpoints" : "does not checkpoint"}, which cannot change`;
  }
  return null;
}
