import { present, unreachable } from "@bourse/model/assert";
import { RollingHash } from "@bourse/model/hash";
import type { Now } from "@bourse/model/now";
import type { OperatorQuery, OperatorView } from "@bourse/model/operator";
import { forgetAgent, markUnreachable, pingAgent } from "./agents.ts";
import { allocateAll, allocateChanged } from "./allocation.ts";
import type { Effects } from "./effects.ts";
import { heartbeat, removeFramework } from "./frameworks.ts";
import type { ClusterInput, ClusterStart } from "./inputs.ts";
import { timeOutOffers } from "./offers.ts";
import { operatorCall } from "./operator.ts";
import { Outbox } from "./outbox.ts";
import { agentMessage, frameworkCall, sessionClosed } from "./sessions.ts";
import { type ClusterSnapshot, restoreState, snapshotState } from "./snapshot.ts";
import { begin, initialState } from "./start.ts";
import type { ClusterState, Turn } from "./state.ts";
import type { Timer } from "./timers.ts";
import { answer } from "./views.ts";
import { setWhitelist } from "./whitelist.ts";

/**
 * The master's decisions: one input in, effects out. Knows no socket, no disk and no clock; the same inputs give the
 * same effects and the same state. Whoever drives it sends a `wake` at the start and at `wakeAtMs` of the last
 * effects, and a `batch-end` whenever no more input waits.
 */
export class Cluster {
  readonly #state: ClusterState;
  /** Made with the first input, which brings the first time. */
  #out: Outbox | null = null;

  constructor(start: ClusterStart, state = initialState(start)) {
    this.#state = state;
  }

  /** Continues exactly where `snapshot()` was taken; `start` gives the configuration, epoch and seed. */
  static restore(data: ClusterSnapshot, start: ClusterStart): Cluster {
    return new Cluster(start, restoreState(data, start));
  }

  apply(now: Now, input: ClusterInput): Effects {
    const state = this.#state;
    this.#out ??= new Outbox(now, state.epoch, state.counters);
    const turn: Turn = { now, state, out: this.#out.begin(now) };
    if (state.counters.startedAtMs === null) begin(turn);
    state.counters.inputs++;
    perform(turn, input);
    return turn.out.finish(state.timers.nextMs());
  }

  /** Plain data, from which `restore` continues; shares only immutable parts with the core. */
  snapshot(): ClusterSnapshot {
    return snapshotState(this.#state);
  }

  /** Two clusters with the same hash will do the same from here on. Costs a walk over everything. */
  stateHash(): string {
    return new RollingHash().add(this.snapshot()).digest();
  }

  /** Never changes anything. */
  query(now: Now, query: OperatorQuery): OperatorView {
    return answer(this.#state, now, query);
  }

  /** To look at, in checks and books; whoever changes it breaks the core. */
  get state(): ClusterState {
    return this.#state;
  }
}

function perform(turn: Turn, input: ClusterInput): void {
  switch (input.kind) {
    case "framework-call":
      frameworkCall(turn, input.session, input.call, input.principal);
      return;
    case "agent-message":
      agentMessage(turn, input.session, input.message);
      return;
    case "framework-closed":
    case "agent-closed":
      sessionClosed(turn, input.session, input.cause);
      return;
    case "operator-call":
      operatorCall(turn, input.request, input.call, input.principal);
      return;
    case "whitelist":
      setWhitelist(turn, input.agents);
      return;
    case "wake":
      wake(turn);
      return;
    case "batch-end":
      allocateChanged(turn);
      return;
    default:
      unreachable(input);
  }
}

/** All timers that are due, in order. One that a timer sets for this very moment fires in the same wake. */
function wake(turn: Turn): void {
  for (;;) {
    const timer = turn.state.timers.pop(turn.now.monoMs);
    if (timer === null) return;
    fire(turn, timer);
  }
}

function fire(turn: Turn, { kind, id }: Timer): void {
  const { state } = turn;
  switch (kind) {
    case "allocate":
      allocateAll(turn);
      return;
    case "offer-timeout":
      timeOutOffers(turn);
      return;
    case "ping-agent":
      pingAgent(turn, present(state.agents.get(id), `agent ${id} of a ping timer`));
      return;
    case "forget-agent":
      forgetAgent(turn, present(state.agents.get(id), `agent ${id} to forget`));
      return;
    case "heartbeat-framework":
      heartbeat(turn, present(state.frameworks.get(id), `framework ${id} of a heartbeat`));
      return;
    case "remove-framework":
      removeFramework(
        turn,
        present(state.frameworks.get(id), `framework ${id} to remove`),
        "it did not return within its failover timeout",
      );
      return;
    case "recovery-ends":
      endRecovery(turn);
      return;
    default:
      unreachable(kind);
  }
}

/** M-7: agents of the registry that have not returned since the start are out of reach. */
function endRecovery(turn: Turn): void {
  for (const agent of turn.state.agents.values()) {
    if (agent.condition !== "recovering") continue;
    markUnreachable(turn, agent, "it did not return after the master's start");
  }
}
