import type { FrameworkInfo } from "@bourse/model/framework";
import type { FrameworkEvent } from "@bourse/model/scheduler";
import type { Effects } from "../effects.ts";
import { frameworkInfo } from "./builders.ts";
import { FakeAgent, type Surroundings } from "./fake-agent.ts";
import { FakeFramework } from "./fake-framework.ts";
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
      () => framework.call({ kind: pick % 2 ? "suppress" : "revive", roles: [] }),
      () => this.#deactivate(agent, pick),
      () => this.#pass([0.1, 1, 6, 16, 61, 80, 700][pick % 7] as number),
      () => this.#pass(1),
      () => (pick % 3 === 0 ? framework.cut() : agent.cut()),
      () => (pick % 7 === 0 ? framework.call({ kind: "teardown" }) : undefined),
      () => agent.resend(),
      () => (pick % 5 === 0 ? this.restartMaster() : undefined),
      () => agent.sayAgain(),
      () => agent.slowDown(pick % 2 === 0),
    ];
    actions[what % actions.length]?.();
  }

  /** How many different things `act` does. */
  static readonly ACTIONS = 25;

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

  #deactivate({ agentId }: FakeAgent, pick: number): void {
    if (agentId === null) return;
    const kind = pick % 2 ? "deactivate-agent" : "reactivate-agent";
    this.#send({ kind: "operator-call", request: 1, call: { kind, agentId } });
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

  /** Nobody may be told that a task is over while an agent runs it. */
  #tell(framework: FakeFramework, event: FrameworkEvent): void {
    framework.deliver(event);
    if (event.kind !== "update") return;
    const { taskId, state } = event.status;
    if (state !== "TASK_DROPPED" && state !== "TASK_GONE") return;
    if (this.#agents.some((agent) => agent.runs(framework.frameworkId, taskId))) {
      throw new Error(`${taskId} runs, but framework ${framework.frameworkId} was told ${state}`);
    }
  }
}

/** f1 knows of partitions and has one role; f2 is of the old kind (M-40) and has two. */
function infoOf(frameworkId: string): FrameworkInfo {
  const named = new Map([["failover", "1800"]]);
  if (frameworkId !== "f1") named.set("can", "").set("roles", "web,*");
  return frameworkInfo(frameworkId, named);
}
