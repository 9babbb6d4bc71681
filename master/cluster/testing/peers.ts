import type { FrameworkInfo } from "@bourse/model/framework";
import type { OperationStatus, ResourceOperation } from "@bourse/model/operation";
import { equal, type Resource } from "@bourse/model/resources";
import type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
import type { Effects } from "../effects.ts";
import { frameworkInfo, operationOf, quotaOf } from "./builders.ts";
import { FakeAgent, type Surroundings } from "./fake-agent.ts";
import { FakeFramework } from "./fake-framework.ts";
import { formatExact } from "./resource-words.ts";
import type { TestInput, World } from "./world.ts";

/**
 * Three agents and two frameworks that behave: what a random story drives the cluster with. Messages arrive at once,
 * but for those on a stream that is cut or slow. `act` does one thing, chosen by two numbers; impossible
 * things do nothing.
 */
export class Peers {
  readonly #world: World;
  readonly #agents: FakeAgent[];
  readonly #frameworks: FakeFramework[];
  #sessions = 0;
  #uuids = 0;
  /** All effects so far, for comparing two runs. */
  readonly effects: Effects[] = [];

  constructor(world: World) {
    this.#world = world;
    const around: Surroundings = {
      send: (input) => this.#send(input),
      nextSession: () => ++this.#sessions,
      nextUuid: () => `u${++this.#uuids}`,
      infoOf,
    };
    this.#agents = Array.from({ length: 3 }, () => new FakeAgent(around));
    this.#frameworks = ["f1", "f2"].map((id) => new FakeFramework(id, around));
  }

  act(what: number, pick: number): void {
    const agent = this.#agents[pick % this.#agents.length] as FakeAgent;
    const framework = this.#frameworks[pick % this.#frameworks.length] as FakeFramework;
    const actions: (() => void)[] = [
      () => agent.connect(),
      () => framework.connect(),
      () => agent.connect(),
      () => framework.connect(),
      () => agent.break(),
      () => framework.break(),
      () => framework.accept(pick),
      () => framework.accept(pick),
      () => framework.declineAll(),
      () => agent.progress(pick),
      () => agent.progress(pick),
      () => agent.progress(pick),
      () => framework.acknowledgeAll(),
      () => framework.call({ kind: "reconcile", tasks: [] }),
      () => framework.kill(pick),
      () => framework.call(demand(pick)),
      () => this.#deactivate(agent, pick),
      () => this.#pass([0.1, 1, 6, 16, 61, 80, 700][pick % 7] as number),
      () => this.#pass(1),
      () => (pick % 3 === 0 ? framework.cut() : agent.cut()),
      () => (pick % 7 === 0 ? framework.call({ kind: "teardown" }) : undefined),
      () => agent.resend(),
      () => (pick % 5 === 0 ? this.restartMaster() : undefined),
      () => agent.sayAgain(),
      () => agent.slowDown(pick % 2 === 0),
      () => framework.reshape(pick),
      () => framework.reshape(pick),
      () => framework.reshape(pick),
      () => framework.reshape(pick),
      () => framework.call({ kind: "reconcile-operations", operations: [] }),
      () => this.#update(framework, pick),
      () => this.#operate(agent, pick),
      () => this.#setQuota(pick),
    ];
    actions[what % actions.length]?.();
  }

  /** How many different things `act` does. */
  static readonly ACTIONS = 33;

  /** A new master from the registry: every stream is gone. */
  restartMaster(): void {
    this.#world.restart();
    for (const peer of [...this.#agents, ...this.#frameworks]) peer.forgetSession();
    this.#pass(0);
  }

  /** Everybody connects, every task is ended and acknowledged: then nothing may be left (DESIGN 6.3, liveness). */
  settle(): void {
    for (const peer of [...this.#agents, ...this.#frameworks]) peer.break();
    for (const peer of [...this.#frameworks, ...this.#agents]) peer.connect();
    for (let round = 0; round < 12; round++) {
      for (const framework of this.#frameworks) {
        framework.call({ kind: "suppress", roles: [] });
        framework.declineAll();
      }
      for (const agent of this.#agents) {
        for (let index = agent.tasks.length; index > 0; index--) agent.progress(index);
        agent.resend();
      }
      for (const framework of this.#frameworks) framework.acknowledgeAll();
    }
  }

  /** Tasks that an agent still has. */
  get leftovers(): readonly string[] {
    return this.#agents.flatMap(({ tasks }) => tasks);
  }

  /** Agents of which the master believes something else than they do. */
  get strangers(): readonly string[] {
    const known = this.#world.cluster.state.agents;
    return this.#agents.flatMap(({ agentId, total }) => {
      const believed = agentId === null ? undefined : known.get(agentId)?.info.resources;
      if (believed === undefined || equal(believed, total)) return [];
      return [`${agentId} has ${formatExact(total)}, not ${formatExact(believed)}`];
    });
  }

  #deactivate({ agentId }: FakeAgent, pick: number): void {
    if (agentId === null) return;
    const kind = pick % 2 ? "deactivate-agent" : "reactivate-agent";
    this.#send({ kind: "operator-call", request: 1, call: { kind, agentId } });
  }

  /** Roles come and go; tasks and reservations of theirs stay. */
  #update(framework: FakeFramework, pick: number): void {
    const info = infoOf(framework.frameworkId);
    const roles = pick % 3 === 0 ? info.roles : ["web", ...(pick % 3 === 1 ? ["eng/a"] : [])];
    const suppressedRoles = pick % 5 === 0 ? ["web"] : [];
    framework.call({ kind: "update-framework", info: { ...info, roles }, suppressedRoles });
  }

  /** Reserves, makes a volume, and takes both away again: what is there by then. */
  #operate({ agentId, total }: FakeAgent, pick: number): void {
    if (agentId === null) return;
    const volume = total.find(({ disk }) => disk?.persistence !== undefined);
    const isDynamic = ({ reservations }: Resource) => reservations?.at(-1)?.type === "dynamic";
    const reserved = total.find((resource) => isDynamic(resource) && !resource.disk);
    const role = ["eng", "web", "web/x"][pick % 3] ?? "eng";
    const operations: ResourceOperation[] = [
      operationOf(`reserve:cpus(${role})=1,disk(${role})=10`),
      operationOf(`create:disk(!eng)[op${pick}:data]=5`),
      volume === undefined
        ? operationOf("unreserve:cpus=1")
        : { kind: "destroy", volumes: [volume] },
      reserved === undefined
        ? operationOf("reserve:cpus(eng>eng/a)=1")
        : { kind: "unreserve", resources: [reserved] },
    ];
    const operation = operations[(pick >> 2) % operations.length];
    if (operation === undefined) return;
    this.#send({
      kind: "operator-call",
      request: 2,
      call: { kind: "operate", agentId, operation },
    });
  }

  #setQuota(pick: number): void {
    const role = ["eng", "web", "web/x", "eng/a"][pick % 4] ?? "eng";
    const amounts =
      ["cpus=/2,mem=/1000", "cpus=1/6", "", "cpus=/5,disk=/20"][(pick >> 2) % 4] ?? "";
    const quotas = [quotaOf(`${role}:${amounts}`)];
    const isForced = pick % 3 === 0;
    this.#send({
      kind: "operator-call",
      request: 3,
      call: { kind: "update-quotas", quotas, isForced },
    });
    const weights = [{ role, weightMilli: 500 + pick * 10 }];
    this.#send({ kind: "operator-call", request: 4, call: { kind: "update-weights", weights } });
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
      switch (sending.to) {
        case "agent":
          this.#agents.find(({ session }) => session === sending.session)?.deliver(sending.message);
          break;
        case "framework": {
          const to = this.#frameworks.find(({ session }) => session === sending.session);
          if (to !== undefined) this.#tell(to, sending.event);
          break;
        }
        case "close":
          for (const peer of [...this.#agents, ...this.#frameworks]) {
            if (peer.session === sending.session) peer.forgetSession();
          }
          break;
        default:
          break;
      }
    }
  }

  /** Nor that an operation was not done when it was. */
  #checkOperation({ frameworkId }: FakeFramework, { operationId, state }: OperationStatus): void {
    if (state !== "OPERATION_DROPPED" && state !== "OPERATION_ERROR") return;
    if (this.#agents.some((agent) => agent.hasDone(frameworkId, operationId))) {
      throw new Error(`${operationId} of framework ${frameworkId} was done, but told ${state}`);
    }
  }

  /** Nobody may be told that a task is over while an agent runs it. */
  #tell(framework: FakeFramework, event: FrameworkEvent): void {
    framework.deliver(event);
    if (event.kind === "operation-update") this.#checkOperation(framework, event.status);
    if (event.kind !== "update") return;
    const { taskId, state } = event.status;
    if (state !== "TASK_DROPPED" && state !== "TASK_GONE") return;
    if (this.#agents.some((agent) => agent.runs(framework.frameworkId, taskId))) {
      throw new Error(`${taskId} runs, but framework ${framework.frameworkId} was told ${state}`);
    }
  }
}

function demand(pick: number): FrameworkCall {
  if (pick % 2 === 1) return { kind: "suppress", roles: [] };
  return { kind: "revive", roles: [], ...(pick % 3 === 0 && { offersMax: (pick % 4) + 1 }) };
}

/** f1 knows of partitions and shared volumes and has one role; f2 is of the old kind (M-40) and has three. */
function infoOf(frameworkId: string): FrameworkInfo {
  const named = new Map([["failover", "1800"]]);
  if (frameworkId === "f1")
    named.set("can", "PARTITION_AWARE,SHARED_RESOURCES").set("roles", "eng");
  else named.set("can", "").set("roles", "web,eng/a,*");
  return frameworkInfo(frameworkId, named);
}
