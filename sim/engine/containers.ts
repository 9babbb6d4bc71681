import { NO_PAYLOAD } from "@bourse/model/task";
import type { ContainerLaunch } from "@bourse/task/effects";
import type { ContainerEvent, FoundContainer } from "@bourse/task/inputs";
import { EngineTrouble } from "./engine-trouble.ts";
import { cancel, type Scheduled } from "./event-queue.ts";
import type { Simulation } from "./simulation.ts";

/** What one container will do, decided by the workload when it is launched. Times in milliseconds. */
export interface ContainerPlan {
  /** From the launch until the process runs. */
  readonly startMs: number;
  /** From then until it ends by itself; Infinity = it runs until it is stopped. */
  readonly runMs: number;
  readonly exitCode: number;
  /** It never runs. */
  readonly hasLaunchFailure: boolean;
  /** From a stop until it has ended; at most the grace period, when it is killed. */
  readonly stopMs: number;
}

export interface Workload {
  plan(launch: ContainerLaunch): ContainerPlan;
}

/** Runs until it is stopped, and does so at once. */
export const RUNS_FOR_EVER: ContainerPlan = {
  startMs: 0,
  runMs: Number.POSITIVE_INFINITY,
  exitCode: 0,
  hasLaunchFailure: false,
  stopMs: 0,
};

export interface Container {
  readonly launch: ContainerLaunch;
  readonly plan: ContainerPlan;
  state: "starting" | "running" | "exited";
  isStopping: boolean;
  exit: Extract<ContainerEvent, { kind: "exited" }> | null;
  timer: Scheduled | null;
}

/** Told of what containers do, whether or not their agent lives to see it. */
export interface ContainerWatcher {
  /** From now on the container takes its resources. */
  began(container: Container): void;
  /** It does no more. */
  ended(container: Container): void;
}

/**
 * The container engine of one machine: containers outlive the agent that started them. `report` reaches the agent
 * when there is one; a restarted agent asks for what was `found`.
 */
export class ContainerEngine {
  readonly trouble: EngineTrouble;
  readonly #simulation: Simulation;
  readonly #workload: Workload;
  readonly #watcher: ContainerWatcher;
  readonly #containers = new Map<string, Container>();
  /** Null while no agent listens. */
  report: ((containerId: string, event: ContainerEvent) => void) | null = null;

  constructor(simulation: Simulation, workload: Workload, watcher: ContainerWatcher) {
    this.trouble = new EngineTrouble(simulation);
    this.#simulation = simulation;
    this.#workload = workload;
    this.#watcher = watcher;
  }

  /** In the order of their launch. */
  get containers(): readonly Container[] {
    return Array.from(this.#containers.values());
  }

  get liveCount(): number {
    let count = 0;
    for (const container of this.#containers.values()) if (container.state !== "exited") count += 1;
    return count;
  }

  launch(launch: ContainerLaunch): void {
    const { containerId } = launch;
    const container: Container = {
      launch,
      plan: this.#workload.plan(launch),
      state: "starting",
      isStopping: false,
      exit: null,
      timer: null,
    };
    this.#containers.set(containerId, container);
    this.#watcher.began(container);
    this.#tell(containerId, { kind: "starting" });
    const delayMs = this.trouble.hangsForMs + container.plan.startMs;
    container.timer = this.#simulation.after(delayMs, () => this.#start(container));
  }

  /** One that ran already when the simulation began; its plan counts from now on. */
  adopt(launch: ContainerLaunch, plan: ContainerPlan): void {
    const container: Container = {
      launch,
      plan: { ...plan, startMs: 0, hasLaunchFailure: false },
      state: "starting",
      isStopping: false,
      exit: null,
      timer: null,
    };
    this.#containers.set(launch.containerId, container);
    this.#watcher.began(container);
    this.#start(container);
  }

  /** SIGTERM, grace, SIGKILL. Unknown and ended containers are left alone. */
  stop(containerId: string, gracePeriodMs: number): void {
    const container = this.#containers.get(containerId);
    if (container === undefined || container.state === "exited" || container.isStopping) return;
    container.isStopping = true;
    if (container.state === "starting") return; // Seen to when it has started.
    this.#stopLater(container, gracePeriodMs);
  }

  /** Ends a container from outside, as `docker kill` would. */
  kill(containerId: string): void {
    const container = this.#containers.get(containerId);
    if (container === undefined || container.state !== "running") return;
    this.#end(container, { kind: "exited", signal: "SIGKILL", isOutOfMemory: false });
  }

  remove(containerId: string): void {
    const container = this.#containers.get(containerId);
    if (container === undefined) return;
    if (container.state !== "exited") this.#end(container, KILLED);
    this.#containers.delete(containerId);
  }

  /** It goes without a trace: what nobody could have told the agent, so only while there is none. */
  vanish(containerId: string): void {
    const container = this.#containers.get(containerId);
    if (container === undefined || this.report !== null) return;
    this.remove(containerId);
  }

  /** The machine loses power: nothing runs on. What is kept is found as ended when it is back. */
  powerOff(isKept: (container: Container) => boolean): void {
    this.report = null;
    for (const container of this.containers) {
      const wasStarting = container.state === "starting";
      this.#end(container, KILLED);
      if (!wasStarting && isKept(container)) continue;
      this.#containers.delete(container.launch.containerId);
    }
  }

  /** The agent died: a container whose creation was under way came to be, or did not. */
  abandon(comesToBe: (container: Container) => boolean): void {
    this.report = null;
    for (const container of this.containers) {
      if (container.state !== "starting" || comesToBe(container)) continue;
      this.#end(container, KILLED);
      this.#containers.delete(container.launch.containerId);
    }
  }

  /** What a restarted agent finds by its labels. Waits for those still being created. */
  find(): readonly FoundContainer[] {
    for (const container of this.containers) {
      if (container.state === "starting") this.#start(container);
    }
    return this.containers.map((container): FoundContainer => {
      const { containerId } = container.launch;
      if (container.exit === null) {
        return { containerId, state: { kind: "running", statusPayload: NO_PAYLOAD } };
      }
      return { containerId, state: container.exit };
    });
  }

  #start(container: Container): void {
    if (container.timer !== null) cancel(container.timer);
    container.timer = null;
    const { containerId } = container.launch;
    if (container.plan.hasLaunchFailure || this.trouble.launchesFail) {
      this.#containers.delete(containerId);
      container.state = "exited";
      this.#watcher.ended(container);
      this.#tell(containerId, { kind: "launch-failed", message: "the image cannot be pulled" });
      return;
    }
    container.state = "running";
    this.#tell(containerId, { kind: "started", statusPayload: NO_PAYLOAD });
    if (container.isStopping) this.#stopLater(container, container.launch.run.killGraceMs);
    else if (Number.isFinite(container.plan.runMs)) {
      const { exitCode, runMs } = container.plan;
      container.timer = this.#simulation.after(runMs, () =>
        this.#end(container, { kind: "exited", exitCode, isOutOfMemory: false }),
      );
    }
  }

  #stopLater(container: Container, gracePeriodMs: number): void {
    const isGraceful = container.plan.stopMs <= gracePeriodMs && !this.trouble.ignoresStops;
    const signal = isGraceful ? "SIGTERM" : "SIGKILL";
    const stopMs = isGraceful ? container.plan.stopMs : gracePeriodMs;
    this.#simulation.after(this.trouble.hangsForMs + stopMs, () =>
      this.#end(container, { kind: "exited", signal, isOutOfMemory: false }),
    );
  }

  #end(container: Container, exit: Extract<ContainerEvent, { kind: "exited" }>): void {
    if (container.state === "exited") return;
    if (container.timer !== null) cancel(container.timer);
    container.timer = null;
    container.state = "exited";
    container.exit = exit;
    this.#watcher.ended(container);
    this.#tell(container.launch.containerId, exit);
  }

  #tell(containerId: string, event: ContainerEvent): void {
    const { report } = this;
    if (report === null) return;
    const { hangsForMs } = this.trouble;
    if (hangsForMs === 0) {
      report(containerId, event);
      return;
    }
    this.#simulation.after(hangsForMs, () => {
      // Another agent has found it as it is.
      if (this.report === report) report(containerId, event);
    });
  }
}

const KILLED: Extract<ContainerEvent, { kind: "exited" }> = {
  kind: "exited",
  signal: "SIGKILL",
  isOutOfMemory: false,
};
