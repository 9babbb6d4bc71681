import { CLUSTER_DEFAULTS } from "@bourse/cluster/config";
import type { ClusterConfig } from "@bourse/cluster/inputs";
import { Checks } from "@bourse/engine/checks/checks";
import type { Violation } from "@bourse/engine/checks/violations";
import { type ContainerPlan, RUNS_FOR_EVER } from "@bourse/engine/containers";
import { type MasterPicture, pictureOf } from "@bourse/engine/master-view";
import { PLAIN_SHELL, World } from "@bourse/engine/world";
import type { AgentInfo } from "@bourse/model/agent";
import { present } from "@bourse/model/assert";
import type { FrameworkInfo } from "@bourse/model/framework";
import type { AgentId } from "@bourse/model/ids";
import type { Policy } from "@bourse/session/policy";
import { SESSION_DEFAULTS, type SessionConfig } from "@bourse/session/session-io";
import { AGENT_CONFIG_DEFAULTS } from "@bourse/task/config";
import type { ContainerLaunch } from "@bourse/task/effects";
import type { AgentConfig } from "@bourse/task/inputs";
import { AttachedFramework } from "./attached-framework.ts";
import { AttachedHandlers, type Handler } from "./attached-handlers.ts";
import { agentInfo, frameworkInfo } from "./builders.ts";

export interface TestClusterOptions {
  /** How many alike, or what each is; they are called a1, a2, ... Default: one. */
  readonly agents?: number | readonly Partial<AgentInfo>[];
  /** Everything that is left to chance comes from it. */
  readonly seed?: string;
  /** What each container does; by default it starts at once and runs until it is stopped. */
  readonly container?: (launch: ContainerLaunch) => Partial<ContainerPlan>;
  readonly master?: Partial<ClusterConfig>;
  readonly agent?: Partial<AgentConfig>;
}

export interface AttachOptions {
  /** Default: f1, f2, ... */
  readonly name?: string;
  readonly info?: Partial<FrameworkInfo>;
  readonly session?: Partial<Omit<SessionConfig, "info" | "record" | "seed">>;
}

/**
 * A whole cluster in this process, for tests of frameworks (FEATURES K-9): the real master and agents in virtual time,
 * started and idle. Nothing happens until time is advanced.
 */
export function createCluster(options: TestClusterOptions = {}): TestCluster {
  return new TestCluster(options);
}

export class TestCluster {
  readonly world: World;
  readonly #checks: Checks;

  constructor(options: TestClusterOptions) {
    this.world = new World({
      seed: options.seed ?? "1",
      shell: { ...PLAIN_SHELL, isStrict: true, hasCrashes: true },
      latency: { minMs: 1, maxMs: 1 },
      master: { ...CLUSTER_DEFAULTS, ...options.master },
    });
    this.#checks = new Checks(this.world, 50);
    const plan = options.container ?? (() => ({}));
    const workload = {
      plan: (launch: ContainerLaunch) => ({ ...RUNS_FOR_EVER, ...plan(launch) }),
    };
    const { agents = 1 } = options;
    const list = typeof agents === "number" ? Array.from({ length: agents }, () => ({})) : agents;
    for (const [index, changes] of list.entries()) {
      const name = `a${index + 1}`;
      this.world.addAgent({
        name,
        info: agentInfo({ hostname: name, ...changes }),
        config: { ...AGENT_CONFIG_DEFAULTS, ...options.agent },
        workload,
      });
    }
    this.world.startAll();
  }

  /** Virtual milliseconds since the cluster was created. */
  get nowMs(): number {
    return this.world.simulation.nowMs;
  }

  /** Connects a policy. Given a function it is called for each life of the framework: see `AttachedFramework.crash`. */
  attach<Input, Output>(
    policy: Policy<Input, Output> | (() => Policy<Input, Output>),
    options: AttachOptions = {},
  ): AttachedFramework<Input, Output> {
    return new AttachedFramework(this.world, policy, this.#complete(options));
  }

  /**
   * Connects handlers that may be async, as the SDK's driver runs them; advance with `settle`, not `advance`. The same
   * seed gives the same run only for handlers that use no other clock and chance than they are given.
   */
  attachHandlers(handler: Handler, options: AttachOptions = {}): AttachedHandlers {
    return new AttachedHandlers(this.world, handler, this.#complete(options));
  }

  /** Lets virtual time pass. */
  advance(durationMs: number): void {
    this.world.simulation.runFor(durationMs);
  }

  /** Advances to the first moment at which `condition` holds; throws when that does not come `withinMs`. */
  advanceUntil(condition: () => boolean, withinMs = 60_000): void {
    const { simulation } = this.world;
    const untilMs = simulation.nowMs + withinMs;
    while (!condition()) {
      if (!simulation.step() || simulation.nowMs > untilMs) {
        throw new Error(`the condition did not come true within ${withinMs} virtual ms`);
      }
    }
  }

  /** As `advance`, but after each event everything that async handlers can do without time passing is done first. */
  async settle(durationMs: number): Promise<void> {
    const { simulation } = this.world;
    const untilMs = simulation.nowMs + durationMs;
    let isOver = false;
    simulation.at(untilMs, () => {
      isOver = true;
    });
    await drained();
    while (!isOver) {
      simulation.step();
      await drained();
    }
  }

  /** What the master shows of itself now. */
  get picture(): MasterPicture {
    const cluster = present(this.world.master.cluster, "a running master");
    return pictureOf(cluster, this.world.simulation.now);
  }

  /** The short name, a1, a2, ..., of the agent that the master knows by this id. */
  nameOf(agentId: AgentId | undefined): string {
    return present(
      this.world.agents.find((agent) => agent.agentId === agentId),
      `agent ${agentId}`,
    ).name;
  }

  /** Broken invariants so far; a test ends with this being empty. Found in your framework's doings, or in Bourse. */
  get violations(): readonly Violation[] {
    return this.#checks.found;
  }

  // ---- the scenario ----

  /** The machine is gone with all its containers, and nobody says so: the master finds out by itself. */
  agentLost(name: string): void {
    const agent = this.world.agent(name);
    this.world.network.isolate(name, Number.POSITIVE_INFINITY);
    agent.crash();
    for (const { launch } of agent.engine.containers) agent.engine.remove(launch.containerId);
  }

  /** The machine is back, empty, with its old disk. */
  agentBack(name: string): void {
    this.world.network.isolate(name, 0);
    this.world.agent(name).start();
  }

  /** The agent's process is killed and started again; its containers go on. */
  agentRestart(name: string): void {
    const agent = this.world.agent(name);
    agent.crash();
    agent.start();
  }

  /** Ends one task's container from outside, as `docker kill` would. */
  killContainer(taskId: string): void {
    for (const { engine } of this.world.agents) {
      for (const { launch, state } of engine.containers) {
        if (launch.taskId === taskId && state === "running") engine.kill(launch.containerId);
      }
    }
  }

  /** Every offer that is out is taken back. The agents are offered again at once. */
  rescind(): void {
    const agentIds = new Set(this.picture.offers.map(({ agentId }) => agentId));
    for (const agentId of agentIds) {
      this.world.master.operate({ kind: "deactivate-agent", agentId });
      this.world.master.operate({ kind: "reactivate-agent", agentId });
    }
  }

  /** The master dies; a new one leads after `downMs`, with the next epoch. */
  masterFailover(downMs = 1_000): void {
    const { master, simulation } = this.world;
    master.crash();
    simulation.after(downMs, () => master.start());
  }

  /** The link of an agent or framework breaks; what is under way on it is lost. Both ends notice within `noticeMs`. */
  breakLink(name: string, noticeMs = 0): void {
    for (const link of this.world.network.links) {
      if (link.touches(name)) link.break("connection reset", noticeMs);
    }
  }

  /** The newest status update comes to the framework once more, as when its acknowledgement was lost. */
  duplicateUpdate(name: string): void {
    this.world.framework(name).repeatUpdate();
  }

  #complete(options: AttachOptions): Required<AttachOptions> & { readonly info: FrameworkInfo } {
    const name = options.name ?? `f${this.world.frameworks.length + 1}`;
    return {
      name,
      info: frameworkInfo({ name, roles: [name], ...options.info }),
      session: { ...SESSION_DEFAULTS, ...options.session },
    };
  }
}

/** Node runs all microtasks before the next turn of its loop: after one turn nothing is left but waits for time. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
