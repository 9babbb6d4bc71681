import type { MasterToAgent } from "@bourse/model/agent-messages";
import type { FrameworkInfo } from "@bourse/model/framework";
import type { Offer } from "@bourse/model/offer";
import { rangesOf } from "@bourse/model/resources";
import type { FrameworkEvent } from "@bourse/model/scheduler";
import type { TaskInfo, TaskStatus } from "@bourse/model/task";
import { isTerminal, type TaskState } from "@bourse/model/task-state";
import type { Effects } from "../effects.ts";
import { agentInfo, frameworkInfo, taskOf } from "./builders.ts";
import type { TestInput, World } from "./world.ts";

/** A task at an agent: updates not yet acknowledged wait in order, the first is out. */
interface HeldTask {
  readonly frameworkId: string;
  readonly info: TaskInfo;
  state: TaskState;
  readonly pending: TaskStatus[];
}

interface FakeAgent {
  agentId: string | null;
  session: number | null;
  /** The stream is dead, but the master does not know it yet: what it sends is lost. */
  isCut: boolean;
  /** What the master sends waits here, in order; lost when the stream breaks. Null = it arrives at once. */
  inbox: MasterToAgent[] | null;
  readonly tasks: Map<string, HeldTask>;
}

interface FakeFramework {
  readonly frameworkId: string;
  session: number | null;
  isCut: boolean;
  isCompleted: boolean;
  readonly offers: Map<string, Offer>;
  /** The last state it was told. */
  readonly told: Map<string, TaskState>;
  /** Updates to acknowledge. */
  readonly received: TaskStatus[];
  launched: number;
}

/**
 * Agents and frameworks that behave: what a random story drives the cluster with. Messages arrive at once, but for
 * those on a stream that has been cut. `act` does one thing, chosen by two numbers; impossible things do nothing.
 */
export class Peers {
  readonly #world: World;
  readonly #agents: FakeAgent[];
  readonly #frameworks: FakeFramework[];
  #nextSession = 1;
  #nextUuid = 1;
  /** All effects so far, for comparing two runs. */
  readonly effects: Effects[] = [];

  constructor(world: World, counts = { agents: 3, frameworks: 2 }) {
    this.#world = world;
    this.#agents = Array.from({ length: counts.agents }, () => ({
      agentId: null,
      session: null,
      isCut: false,
      inbox: null,
      tasks: new Map(),
    }));
    this.#frameworks = Array.from({ length: counts.frameworks }, (_, index) => ({
      frameworkId: `f${index + 1}`,
      session: null,
      isCut: false,
      isCompleted: false,
      offers: new Map(),
      told: new Map(),
      received: [],
      launched: 0,
    }));
  }

  act(what: number, pick: number): void {
    const agent = this.#agents[pick % this.#agents.length] as FakeAgent;
    const framework = this.#frameworks[pick % this.#frameworks.length] as FakeFramework;
    const actions: (() => void)[] = [
      () => this.#connectAgent(agent),
      () => this.#connectFramework(framework),
      () => this.#connectAgent(agent),
      () => this.#connectFramework(framework),
      () => this.#breakAgent(agent),
      () => this.#breakFramework(framework),
      () => this.#accept(framework, pick),
      () => this.#accept(framework, pick),
      () => this.#decline(framework),
      () => this.#progress(agent, pick),
      () => this.#progress(agent, pick),
      () => this.#progress(agent, pick),
      () => this.#acknowledgeAll(framework),
      () => this.#call(framework, { kind: "reconcile", tasks: [] }),
      () => this.#kill(framework, pick),
      () => this.#call(framework, { kind: pick % 2 ? "suppress" : "revive", roles: [] }),
      () => this.#deactivate(agent, pick),
      () => this.#pass([0.1, 1, 6, 16, 61, 80, 700][pick % 7] as number),
      () => this.#pass(1),
      () => this.#cut(agent, framework, pick),
      () => this.#teardown(framework, pick),
      () => this.#resend(agent),
      () => this.#maybeRestart(pick),
      () => this.#sayAgain(agent),
      () => this.#slowDown(agent, pick),
    ];
    actions[what % actions.length]?.();
  }

  static readonly ACTIONS = 25;

  #maybeRestart(pick: number): void {
    if (pick % 5 === 0) this.restartMaster();
  }

  /** A new master from the registry: every stream is gone. */
  restartMaster(): void {
    this.#world.restart();
    for (const agent of this.#agents) this.#forgetSession(agent);
    for (const framework of this.#frameworks) this.#forget(framework);
    this.#pass(0);
  }

  /** Everybody connects, every task is ended and acknowledged: then nothing may be left (DESIGN 6.3, liveness). */
  settle(): void {
    for (const agent of this.#agents) this.#breakAgent(agent);
    for (const framework of this.#frameworks) this.#breakFramework(framework);
    for (const framework of this.#frameworks) this.#connectFramework(framework);
    for (const agent of this.#agents) this.#connectAgent(agent);
    for (let round = 0; round < 12; round++) {
      for (const framework of this.#frameworks) {
        this.#call(framework, { kind: "suppress", roles: [] });
        this.#decline(framework);
      }
      for (const agent of this.#agents) {
        for (const index of Array.from(agent.tasks.keys()).keys()) this.#progress(agent, index);
        this.#resend(agent);
      }
      for (const framework of this.#frameworks) this.#acknowledgeAll(framework);
    }
  }

  /** Tasks that an agent still has. */
  get leftovers(): string[] {
    return this.#agents.flatMap(({ tasks }) => Array.from(tasks.keys()));
  }

  #connectAgent(agent: FakeAgent): void {
    if (agent.session !== null && !agent.isCut) return;
    this.#forgetSession(agent);
    agent.session = this.#nextSession++;
    this.#introduce(agent, agent.session);
    this.#resend(agent);
  }

  /** Full state on a stream that is in use, while launches may be on their way. */
  #sayAgain(agent: FakeAgent): void {
    if (agent.session !== null && !agent.isCut) this.#introduce(agent, agent.session);
  }

  #introduce({ agentId, tasks: held }: FakeAgent, session: number): void {
    const info = agentInfo(new Map([["ports", "31000-31019"]]));
    const epochSeen = 0;
    if (agentId === null) {
      this.#send({
        kind: "agent-message",
        session,
        message: { kind: "register", info, epochSeen },
      });
      return;
    }
    const tasks = Array.from(held.values(), (task) => ({
      frameworkId: task.frameworkId,
      task: task.info,
      latest: task.pending.at(-1) ?? statusOf(task, undefined),
    }));
    const ids = new Set(tasks.map(({ frameworkId }) => frameworkId));
    const frameworks = Array.from(ids, (frameworkId) => ({
      frameworkId,
      info: infoOf(frameworkId),
    }));
    const message = { kind: "reregister", agentId, info, epochSeen, tasks, frameworks } as const;
    this.#send({ kind: "agent-message", session, message });
  }

  /** The agent's inbox fills, or is read. */
  #slowDown(agent: FakeAgent, pick: number): void {
    if (agent.session === null || agent.isCut) return;
    const waiting = agent.inbox ?? [];
    agent.inbox = pick % 2 === 0 ? (agent.inbox ?? []) : null;
    if (agent.inbox === null) for (const message of waiting) this.#hear(agent, message);
  }

  #connectFramework(framework: FakeFramework): void {
    if ((framework.session !== null && !framework.isCut) || framework.isCompleted) return;
    this.#forget(framework);
    const session = this.#nextSession++;
    framework.session = session;
    const { frameworkId } = framework;
    const info = infoOf(frameworkId);
    const call = {
      kind: "subscribe",
      frameworkId,
      info,
      suppressedRoles: [],
      epochSeen: 0,
    } as const;
    this.#send({ kind: "framework-call", session, call });
  }

  #breakAgent(agent: FakeAgent): void {
    const { session } = agent;
    this.#forgetSession(agent);
    if (session !== null) this.#send({ kind: "agent-closed", session, cause: "broken" });
  }

  #breakFramework(framework: FakeFramework): void {
    const { session } = framework;
    this.#forget(framework);
    if (session !== null) this.#send({ kind: "framework-closed", session, cause: "broken" });
  }

  #cut(agent: FakeAgent, framework: FakeFramework, pick: number): void {
    if (pick % 3 === 0) framework.isCut = framework.session !== null;
    else agent.isCut = agent.session !== null;
  }

  #accept(framework: FakeFramework, pick: number): void {
    const offer = framework.offers.values().next().value;
    if (offer === undefined) return;
    const { offerId, agentId } = offer;
    framework.offers.delete(offerId);
    const port = rangesOf(offer.resources, "ports")[0]?.begin ?? 31000;
    const tasks = Array.from({ length: pick % 4 }, (_, index) => {
      const cpus = pick % 5 === 0 ? 9 : 1;
      const ports = `${port + index}-${port + index}`;
      return taskOf(`t${framework.launched++}:cpus=${cpus},mem=128,ports=${ports}`, agentId);
    });
    const operations = [{ kind: "launch", tasks }] as const;
    const filters = { refuseMs: (pick % 3) * 1000 };
    this.#call(framework, { kind: "accept", offerIds: [offerId], operations, filters });
  }

  #decline(framework: FakeFramework): void {
    const offerIds = Array.from(framework.offers.keys());
    framework.offers.clear();
    this.#call(framework, { kind: "decline", offerIds, filters: { refuseMs: 2000 } });
  }

  #kill(framework: FakeFramework, pick: number): void {
    const ids = Array.from(framework.told.keys());
    const taskId = ids.length === 0 ? `t${pick % 5}` : (ids[pick % ids.length] as string);
    this.#call(framework, { kind: "kill", taskId });
  }

  #acknowledgeAll(framework: FakeFramework): void {
    if (framework.session === null || framework.isCut) return;
    for (const { agentId, taskId, uuid } of framework.received.splice(0)) {
      if (agentId === undefined || uuid === undefined) continue;
      this.#call(framework, { kind: "acknowledge", agentId, taskId, uuid });
    }
  }

  /** A task goes one step on: STAGING, RUNNING, FINISHED. */
  #progress(agent: FakeAgent, pick: number): void {
    const tasks = Array.from(agent.tasks.values()).filter(({ state }) => !isTerminal(state));
    const task = tasks[pick % Math.max(1, tasks.length)];
    if (task === undefined) return;
    this.#move(agent, task, task.state === "TASK_STAGING" ? "TASK_RUNNING" : "TASK_FINISHED");
  }

  #move(agent: FakeAgent, task: HeldTask, state: TaskState): void {
    task.state = state;
    task.pending.push(statusOf(task, `u${this.#nextUuid++}`));
    if (task.pending.length === 1) this.#sendUpdate(agent, task);
  }

  /** The agent's retry. */
  #resend(agent: FakeAgent): void {
    for (const task of Array.from(agent.tasks.values())) this.#sendUpdate(agent, task);
  }

  #sendUpdate(agent: FakeAgent, { frameworkId, pending, state }: HeldTask): void {
    const status = pending[0];
    const { session } = agent;
    if (status === undefined || session === null || agent.isCut) return;
    const update = { frameworkId, status, latestState: state };
    this.#send({ kind: "agent-message", session, message: { kind: "update", update } });
  }

  #deactivate({ agentId }: FakeAgent, pick: number): void {
    if (agentId === null) return;
    const kind = pick % 2 ? "deactivate-agent" : "reactivate-agent";
    this.#send({ kind: "operator-call", request: 1, call: { kind, agentId } });
  }

  #teardown(framework: FakeFramework, pick: number): void {
    if (pick % 7 !== 0) return;
    this.#call(framework, { kind: "teardown" });
  }

  #call(framework: FakeFramework, call: FrameworkCallOf): void {
    const { session } = framework;
    if (session === null || framework.isCut) return;
    this.#send({ kind: "framework-call", session, call });
  }

  #pass(seconds: number): void {
    const world = this.#world;
    for (const effects of world.advanceTo(world.monoMs + seconds * 1000)) this.#take(effects);
  }

  #send(input: TestInput): void {
    for (const effects of this.#world.apply(input)) this.#take(effects);
  }

  #take(effects: Effects): void {
    this.effects.push(effects);
    for (const sending of effects.send) {
      if (sending.to === "agent") this.#tellAgent(sending.session, sending.message);
      if (sending.to === "framework") this.#tellFramework(sending.session, sending.event);
      if (sending.to === "close") this.#closed(sending.session);
    }
  }

  #closed(session: number): void {
    for (const agent of this.#agents) if (agent.session === session) this.#forgetSession(agent);
    for (const framework of this.#frameworks) {
      if (framework.session === session) this.#forget(framework);
    }
  }

  #forgetSession(agent: FakeAgent): void {
    agent.session = null;
    agent.isCut = false;
    agent.inbox = null;
  }

  #forget(framework: FakeFramework): void {
    framework.session = null;
    framework.isCut = false;
    framework.offers.clear();
  }

  #tellFramework(session: number, event: FrameworkEvent): void {
    const framework = this.#frameworks.find((one) => one.session === session && !one.isCut);
    if (framework === undefined) return;
    if (event.kind === "offers") {
      for (const offer of event.offers) framework.offers.set(offer.offerId, offer);
    }
    if (event.kind === "rescind") framework.offers.delete(event.offerId);
    if (event.kind === "update") this.#tellStatus(framework, event.status);
    if (event.kind === "error" && event.refusal.code === "framework_completed") {
      framework.isCompleted = true;
    }
  }

  #tellStatus(framework: FakeFramework, status: TaskStatus): void {
    const { taskId, state } = status;
    framework.told.set(taskId, state);
    if (status.uuid !== undefined) framework.received.push(status);
    if (state !== "TASK_DROPPED" && state !== "TASK_GONE") return;
    for (const { tasks } of this.#agents) {
      const task = tasks.get(`${framework.frameworkId}/${taskId}`);
      if (task !== undefined && !isTerminal(task.state)) {
        throw new Error(`${taskId} is ${task.state}, but the framework was told ${state}`);
      }
    }
  }

  #tellAgent(session: number, message: MasterToAgent): void {
    const agent = this.#agents.find((one) => one.session === session && !one.isCut);
    if (agent === undefined) return;
    if (agent.inbox === null) this.#hear(agent, message);
    else agent.inbox.push(message);
  }

  #hear(agent: FakeAgent, message: MasterToAgent): void {
    const { session } = agent;
    if (session === null) return;
    switch (message.kind) {
      case "registered":
      case "reregistered":
        agent.agentId = message.agentId;
        if (message.kind === "registered") return;
        for (const frameworkId of message.unwantedFrameworks) forgetTasks(agent, frameworkId);
        return;
      case "launch": {
        const { frameworkId } = message.framework;
        for (const info of message.tasks) {
          const task: HeldTask = { frameworkId, info, state: "TASK_STAGING", pending: [] };
          agent.tasks.set(`${frameworkId}/${info.taskId}`, task);
        }
        return;
      }
      case "kill": {
        const task = agent.tasks.get(`${message.frameworkId}/${message.taskId}`);
        if (task !== undefined && !isTerminal(task.state)) this.#move(agent, task, "TASK_KILLED");
        return;
      }
      case "acknowledge": {
        const key = `${message.frameworkId}/${message.taskId}`;
        const task = agent.tasks.get(key);
        if (task === undefined || task.pending[0]?.uuid !== message.uuid) return;
        task.pending.shift();
        if (task.pending.length === 0 && isTerminal(task.state)) agent.tasks.delete(key);
        else this.#sendUpdate(agent, task);
        return;
      }
      case "shutdown-framework":
        forgetTasks(agent, message.frameworkId);
        return;
      case "ping":
        this.#send({
          kind: "agent-message",
          session,
          message: { kind: "pong", sequence: message.sequence },
        });
        return;
      default:
        return;
    }
  }
}

type FrameworkCallOf = Extract<TestInput, { kind: "framework-call" }>["call"];

/** f1 knows of partitions and has one role; f2 is of the old kind (M-40) and has two. */
function infoOf(frameworkId: string): FrameworkInfo {
  const kind: [string, string][] =
    frameworkId === "f1"
      ? []
      : [
          ["can", ""],
          ["roles", "web,*"],
        ];
  return frameworkInfo(frameworkId, new Map([["failover", "1800"], ...kind]));
}

function forgetTasks(agent: FakeAgent, frameworkId: string): void {
  for (const [key, task] of Array.from(agent.tasks)) {
    if (task.frameworkId === frameworkId) agent.tasks.delete(key);
  }
}

function statusOf(task: HeldTask, uuid: string | undefined): TaskStatus {
  return {
    taskId: task.info.taskId,
    state: task.state,
    source: "SOURCE_EXECUTOR",
    timestampMs: 0,
    ...(uuid !== undefined && { uuid }),
  };
}
