import { Cluster } from "@bourse/cluster/cluster";
import { CLUSTER_DEFAULTS } from "@bourse/cluster/config";
import type { Effects, Sending } from "@bourse/cluster/effects";
import type { ClusterInput } from "@bourse/cluster/inputs";
import type { MasterToAgent } from "@bourse/model/agent-messages";
import type { AgentId, SessionId } from "@bourse/model/ids";
import type { Offer } from "@bourse/model/offer";
import { canonical, type Resources, scalar, scalarMilli } from "@bourse/model/resources";
import type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
import { NO_PAYLOAD, type TaskInfo } from "@bourse/model/task";
import type { TaskState } from "@bourse/model/task-state";

export interface CoreLoad {
  readonly agents: number;
  readonly frameworks: number;
  readonly tasks: number;
  readonly tasksPerOffer: number;
}

const TASK: Resources = canonical([scalar("cpus", 100), scalar("mem", 128_000)]);
const TASK_CPU_MILLI = 100;
const TASK_MEM_MILLI = 128_000;
/** The cluster is three quarters full in the end. */
const ROOM = 4 / 3;
/** As many inputs as a master finds waiting when it is busy: then its allocator runs. */
const TURN_MAX = 100;

/**
 * Agents and frameworks in their simplest form around a real core: an agent answers a launch with STARTING and, once that is
 * acknowledged, RUNNING; a framework fills each offer with so many tasks, acknowledges everything and suppresses when
 * all its tasks are launched. Inputs are made before the stopwatch starts and effects are read after it stopped.
 */
export class CoreDriver {
  readonly #load: CoreLoad;
  readonly #cluster = new Cluster({
    config: CLUSTER_DEFAULTS,
    epoch: 1,
    seed: "bench",
    entries: [],
  });
  readonly #tasksLeft: number[] = [];
  readonly #agentIds = new Map<SessionId, AgentId>();
  /** Made into inputs when their turn comes, as a master decodes what it reads. */
  #waiting: (() => ClusterInput)[] = [];
  #monoMs = 0;
  #wakeAtMs = 0;
  #updates = 0;
  /** Tasks whose RUNNING is acknowledged at their agent. */
  running = 0;
  inputs = 0;
  offers = 0;
  /** In the core, since the load began. */
  coreMs = 0;

  constructor(load: CoreLoad) {
    this.#load = load;
    for (let index = 0; index < load.agents; index++) this.#registerAgent(index);
    for (let index = 0; index < load.frameworks; index++) this.#subscribe(index);
    this.#turns();
    this.inputs = 0;
    this.coreMs = 0;
    this.offers = 0;
  }

  /** Until every task runs, all its updates are acknowledged, and nothing waits. */
  run(): void {
    for (let index = 0; index < this.#load.frameworks; index++) {
      const { tasks, frameworks } = this.#load;
      this.#tasksLeft[index] =
        Math.floor(tasks / frameworks) + (index < tasks % frameworks ? 1 : 0);
      this.#call(this.#sessionOfFramework(index), { kind: "revive", roles: [] });
    }
    this.#turns();
    while (this.running < this.#load.tasks) {
      this.#monoMs = Math.max(this.#monoMs, this.#wakeAtMs);
      this.#waiting.push(() => ({ kind: "wake", principal: null }));
      this.#turns();
    }
  }

  #turns(): void {
    do {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (let begin = 0; begin === 0 || begin < waiting.length; begin += TURN_MAX) {
        const turn = waiting.slice(begin, begin + TURN_MAX).map((make) => make());
        turn.push({ kind: "batch-end", principal: null });
        this.#turn(turn);
      }
    } while (this.#waiting.length > 0);
  }

  #turn(turn: readonly ClusterInput[]): void {
    const now = { monoMs: this.#monoMs, wallMs: this.#monoMs };
    const effects: Effects[] = [];
    const startMs = performance.now();
    for (const input of turn) effects.push(this.#cluster.apply(now, input));
    this.coreMs += performance.now() - startMs;
    this.inputs += turn.length;
    for (const { send, wakeAtMs } of effects) {
      this.#wakeAtMs = wakeAtMs;
      for (const sending of send) this.#deliver(sending);
    }
  }

  #deliver(sending: Sending): void {
    if (sending.to === "framework") this.#atFramework(sending.session, sending.event);
    else if (sending.to === "agent") this.#atAgent(sending.session, sending.message);
  }

  #atFramework(session: SessionId, event: FrameworkEvent): void {
    if (event.kind === "offers") {
      for (const offer of event.offers) this.#useOffer(session, offer);
      return;
    }
    if (event.kind !== "update") return;
    const { status } = event;
    this.#waiting.push(() => {
      const { agentId, taskId, uuid } = status;
      if (agentId === undefined || uuid === undefined)
        throw new Error(`${taskId} must be reliable`);
      const call = { kind: "acknowledge", agentId, taskId, uuid } as const;
      return { kind: "framework-call", session, call, principal: null };
    });
  }

  #useOffer(session: SessionId, offer: Offer): void {
    this.offers++;
    const { offerId, agentId } = offer;
    const framework = session - this.#load.agents - 1;
    const left = this.#tasksLeft[framework] ?? 0;
    const room = Math.min(
      Math.floor(scalarMilli(offer.resources, "cpus") / TASK_CPU_MILLI),
      Math.floor(scalarMilli(offer.resources, "mem") / TASK_MEM_MILLI),
    );
    const count = Math.min(left, room, this.#load.tasksPerOffer);
    if (count === 0) {
      this.#call(session, { kind: "decline", offerIds: [offerId], filters: {} });
      return;
    }
    this.#tasksLeft[framework] = left - count;
    this.#waiting.push(() => {
      const tasks = Array.from({ length: count }, (_, index): TaskInfo => {
        const taskId = decoded(`load-${framework}-${left - index}`);
        return { taskId, name: "load", agentId, resources: TASK, payload: NO_PAYLOAD };
      });
      const operations = [{ kind: "launch", tasks }] as const;
      const filters = { refuseMs: 0 };
      const call = { kind: "accept", offerIds: [offerId], operations, filters } as const;
      return { kind: "framework-call", session, call, principal: null };
    });
    if (left === count) this.#call(session, { kind: "suppress", roles: [] });
  }

  #atAgent(session: SessionId, message: MasterToAgent): void {
    if (message.kind === "registered") {
      this.#agentIds.set(session, message.agentId);
      return;
    }
    if (message.kind === "launch") {
      const { frameworkId } = message.framework;
      for (const { taskId, agentId } of message.tasks)
        this.#update(session, { frameworkId, taskId, agentId }, "TASK_STARTING");
      return;
    }
    if (message.kind === "ping") {
      const pong = { kind: "pong", sequence: message.sequence } as const;
      this.#waiting.push(() => ({
        kind: "agent-message",
        session,
        message: pong,
        principal: null,
      }));
      return;
    }
    if (message.kind !== "acknowledge") return;
    const { frameworkId, taskId, uuid } = message;
    const agentId = this.#agentIds.get(session) as AgentId;
    if (uuid.endsWith(STARTING_UUID))
      this.#update(session, { frameworkId, taskId, agentId }, "TASK_RUNNING");
    else this.running++;
  }

  #update(
    session: SessionId,
    task: { readonly frameworkId: string; readonly taskId: string; readonly agentId: string },
    state: TaskState,
  ): void {
    this.#waiting.push(() => {
      const { frameworkId, taskId, agentId } = task;
      const last = state === "TASK_STARTING" ? STARTING_UUID : RUNNING_UUID;
      const uuid = decoded(`${String(this.#updates++).padStart(31, "0")}${last}`);
      const timestampMs = this.#monoMs;
      const status = {
        taskId,
        agentId,
        state,
        source: "SOURCE_EXECUTOR",
        uuid,
        timestampMs,
      } as const;
      const update = { frameworkId, status, latestState: state };
      return {
        kind: "agent-message",
        session,
        message: { kind: "update", update },
        principal: null,
      };
    });
  }

  #call(session: SessionId, call: FrameworkCall): void {
    this.#waiting.push(() => ({ kind: "framework-call", session, call, principal: null }));
  }

  #sessionOfFramework(index: number): SessionId {
    return this.#load.agents + 1 + index;
  }

  #registerAgent(index: number): void {
    const { agents, tasks } = this.#load;
    const tasksMax = Math.ceil((tasks / agents) * ROOM);
    const resources = canonical([
      scalar("cpus", tasksMax * TASK_CPU_MILLI),
      scalar("mem", tasksMax * TASK_MEM_MILLI),
    ]);
    const info = {
      hostname: `host-${index}`,
      port: 5_051,
      resources,
      attributes: [],
      version: "0.1.0",
      payload: NO_PAYLOAD,
    };
    const message = { kind: "register", info, epochSeen: 0 } as const;
    const session = index + 1;
    this.#waiting.push(() => ({ kind: "agent-message", session, message, principal: null }));
  }

  #subscribe(index: number): void {
    const name = `load-${index}`;
    const info = {
      user: "nobody",
      name,
      roles: [name],
      failoverTimeoutMs: 3_600_000,
      isCheckpointing: true,
      capabilities: ["PARTITION_AWARE"],
      payload: NO_PAYLOAD,
    } as const;
    const session = this.#sessionOfFramework(index);
    this.#call(session, { kind: "subscribe", info, suppressedRoles: [name], epochSeen: 0 });
  }
}

/** Last digits of update ids: what an acknowledgement is of. */
const STARTING_UUID = "a";
const RUNNING_UUID = "b";

/** The same text as a decoder makes it: in one piece, and seen by nobody before. */
function decoded(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
