import type { Refusal } from "@bourse/model/errors";
import type { FrameworkInfo } from "@bourse/model/framework";
import type { SessionId } from "@bourse/model/ids";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { admitFramework } from "./allocation.ts";
import { CLUSTER_LIMITS } from "./config.ts";
import { constraintsProblem, infoProblem } from "./framework-validation.ts";
import { endSession, frameworkClosed, newFramework, startSession } from "./frameworks.ts";
import { staleEpoch } from "./refusals.ts";
import { frameworkRecord } from "./registry-records.ts";
import type { Framework, Turn } from "./state.ts";
import { identifierProblem } from "./task-validation.ts";

type Subscribe = Extract<FrameworkCall, { kind: "subscribe" }>;

/**
 * A scheduler takes the stream of a framework: of a new one, of one that returns, or of one whose stream another
 * scheduler holds, which is then told that it was failed over (MESOS-V1, Failover; M-13).
 */
export function subscribe(
  turn: Turn,
  session: SessionId,
  call: Subscribe,
  principal: string | null,
): void {
  const refusal = refusalOf(turn, session, call, principal);
  if (refusal !== null) {
    const peer = turn.state.sessions.get(session);
    turn.out.refuseFramework(session, refusal);
    if (peer?.kind === "framework") frameworkClosed(turn, peer.framework, refusal.message);
    return;
  }
  const info = withPrincipal(call.info, principal);
  const known = knownFramework(turn, call);
  const framework = known ?? admitNew(turn, call, info);
  const cause = known === undefined ? "subscribed" : returned(turn, known, session, info);
  framework.offerConstraints = call.offerConstraints ?? null;
  startSession(turn, framework, session, call.suppressedRoles);
  announce(turn, framework, session, known === undefined, cause);
}

function announce(
  turn: Turn,
  framework: Framework,
  session: SessionId,
  isNew: boolean,
  cause: string,
): void {
  const { state, out } = turn;
  const { frameworkId } = framework;
  out.persist(frameworkRecord(framework));
  out.toFramework(session, {
    kind: "subscribed",
    frameworkId,
    masterId: state.masterId,
    epoch: state.epoch,
    heartbeatIntervalMs: state.config.frameworkHeartbeatMs,
  });
  // At once, for clients that look at a record only when the next one has come (MESOS-V1 section 2).
  out.toFramework(session, { kind: "heartbeat" });
  if (isNew) out.change({ kind: "framework-added", frameworkId, name: framework.info.name });
  else out.change({ kind: "framework-changed", frameworkId, condition: "active", cause });
}

function admitNew(turn: Turn, call: Subscribe, info: FrameworkInfo): Framework {
  const { state, now } = turn;
  const frameworkId =
    call.frameworkId || `${state.masterId}-${String(state.counters.frameworks++).padStart(4, "0")}`;
  const framework = newFramework(state, frameworkId, info, now.wallMs);
  state.frameworks.set(frameworkId, framework);
  admitFramework(turn.state, framework);
  return framework;
}

/** A known framework gets a new scheduler; says how. `user` and `checkpoint` cannot change and are kept. */
function returned(
  turn: Turn,
  framework: Framework,
  session: SessionId,
  info: FrameworkInfo,
): string {
  const { session: oldSession, frameworkId } = framework;
  let cause = "the framework returned";
  if (oldSession !== null && oldSession !== session) {
    cause = "another scheduler took over";
    turn.out.refuseFramework(oldSession, {
      code: "framework_failed_over",
      message: `framework ${frameworkId} was taken over by another scheduler`,
      hint: "stop this scheduler, or give it a framework id of its own",
    });
    endSession(turn, framework, cause);
  } else if (oldSession !== null) {
    cause = "the framework subscribed again on its stream";
    endSession(turn, framework, cause);
  }
  const { user, isCheckpointing } = framework.info;
  framework.info = { ...info, user, isCheckpointing };
  return cause;
}

function knownFramework(turn: Turn, call: Subscribe): Framework | undefined {
  return call.frameworkId ? turn.state.frameworks.get(call.frameworkId) : undefined;
}

function refusalOf(
  turn: Turn,
  session: SessionId,
  call: Subscribe,
  principal: string | null,
): Refusal | null {
  const { state } = turn;
  const { frameworkId, info } = call;
  if (call.epochSeen > state.epoch) return staleEpoch(state.epoch, call.epochSeen);
  const invalid = invalidCall(call);
  if (invalid !== null) return { code: "invalid_call", message: `cannot subscribe: ${invalid}` };
  if (principal !== null && info.principal !== undefined && info.principal !== principal) {
    return {
      code: "forbidden",
      message: `cannot subscribe as principal ${info.principal}: the connection is authenticated as ${principal}`,
    };
  }
  if (frameworkId && state.completedFrameworks.has(frameworkId)) {
    return {
      code: "framework_completed",
      message: `framework ${frameworkId} was removed and its id can never return`,
      hint: "subscribe without an id to start as a new framework",
    };
  }
  const peer = state.sessions.get(session);
  if (peer?.kind === "agent" || (peer && peer.framework.frameworkId !== frameworkId)) {
    return { code: "invalid_call", message: "this stream already belongs to somebody else" };
  }
  const known = knownFramework(turn, call);
  if (known === undefined) return refusalOfNew(turn);
  return refusalOfKnown(known, session, withPrincipal(info, principal));
}

function refusalOfNew({ state }: Turn): Refusal | null {
  if (state.frameworks.size < CLUSTER_LIMITS.frameworksMax) return null;
  return {
    code: "conflict",
    message: `cannot subscribe: the master holds its maximum of ${CLUSTER_LIMITS.frameworksMax} frameworks`,
    hint: "tear down frameworks that are not needed any more",
  };
}

function refusalOfKnown(known: Framework, session: SessionId, info: FrameworkInfo): Refusal | null {
  const { frameworkId } = known;
  if (known.session !== null && session < known.session) {
    return {
      code: "conflict",
      message: `a newer stream of framework ${frameworkId} is in use`,
      hint: "open a new stream to take the framework over",
    };
  }
  if (known.info.principal === info.principal) return null;
  return {
    code: "forbidden",
    message: `framework ${frameworkId} belongs to principal ${known.info.principal ?? "(none)"} and cannot change to ${info.principal ?? "(none)"}`,
    hint: "subscribe with the principal it had, or without an id as a new framework",
  };
}

function invalidCall({ frameworkId, info, offerConstraints }: Subscribe): string | null {
  const idProblem = frameworkId ? identifierProblem(frameworkId) : null;
  if (idProblem !== null) return `the framework id ${idProblem}`;
  return infoProblem(info) ?? constraintsProblem(info, offerConstraints);
}

function withPrincipal(info: FrameworkInfo, principal: string | null): FrameworkInfo {
  return principal === null || info.principal === principal ? info : { ...info, principal };
}
