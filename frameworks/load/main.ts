import { randomBytes } from "node:crypto";
import {
  type LoadInput,
  type LoadOutput,
  LoadPolicy,
  type LoadStage,
} from "@bourse/load-policy/load-policy";
import type { LoadCommand, LoadReply } from "@bourse/model/load";
import { Random } from "@bourse/model/random";
import { parseResources } from "@bourse/model/resources-text";
import { createDriver, type Driver } from "@bourse/sdk";
import type { Logger } from "pino";
import { DrainJob, FillJob, type Job, SteadyJob } from "./jobs.ts";
import { StageTimes } from "./stage-times.ts";

export interface LoadOptions {
  readonly masters: readonly string[];
  /** Of each task, as `cpus:0.1;mem:32`. */
  readonly resources: string;
  /** Of the times of submission and of who is killed. */
  readonly seed: string;
  readonly logger: Logger;
  readonly onReply: (reply: LoadReply) => void;
}

const PROGRESS_MS = 250;

/** The load framework: a policy on the SDK, told what to do by `LoadCommand`s, one at a time. */
export class Load {
  readonly #driver: Driver;
  readonly #policy: LoadPolicy;
  readonly #times = new StageTimes();
  readonly #random: Random;
  readonly #reply: (reply: LoadReply) => void;
  #send: (input: LoadInput) => void = () => {};
  #job: Job | null = null;
  #lost = 0;
  #progress: NodeJS.Timeout | null = null;

  private constructor({ masters, resources, seed, logger, onReply }: LoadOptions) {
    this.#random = Random.fromSeed(seed);
    this.#policy = new LoadPolicy({
      prefix: `load-${randomBytes(3).toString("hex")}`,
      resources: parseResources(resources, "--task"),
      seed,
    });
    this.#driver = createDriver({ masters, framework: { name: "load" }, log: logger });
    this.#reply = onReply;
  }

  /** Connects; replies `ready` once it has subscribed. Throws when the options are wrong. */
  static async start(options: LoadOptions): Promise<Load> {
    const load = new Load(options);
    const handle = await load.#driver.runPolicy<LoadInput, LoadOutput>(load.#policy, {
      onOutput: ({ task, stage }) => load.#reached(task, stage),
    });
    load.#send = (input) => handle.input(input);
    const look = setInterval(() => {
      if (!load.#driver.isSubscribed) return;
      clearInterval(look);
      options.onReply({ kind: "ready", frameworkId: load.#driver.frameworkId ?? "" });
    }, 10);
    return load;
  }

  /** Resolves when the driver was stopped; rejects when it cannot go on. */
  get ended(): Promise<void> {
    return this.#driver.ended;
  }

  command(command: LoadCommand): void {
    if (command.kind === "interrupt") {
      this.#job?.interrupt();
      return;
    }
    if (command.kind === "stop") {
      void this.stop(true);
      return;
    }
    if (this.#job !== null) {
      this.#reply({ kind: "refused", message: `${command.kind} while another step is under way` });
      return;
    }
    const job = this.#jobOf(command);
    this.#job = job;
    this.#progress = setInterval(() => this.#tellProgress(), PROGRESS_MS);
    job.begin();
  }

  /** Leaves; its tasks go on until its failover timeout, or end at once with `teardown`. */
  async stop(teardown = false): Promise<void> {
    this.#endJob();
    await this.#driver.stop({ teardown });
  }

  #jobOf(command: Extract<LoadCommand, { kind: "fill" | "drain" | "steady" }>): Job {
    const parts = {
      times: this.#times,
      lostCount: () => this.#lost,
      runningCount: () => this.#policy.runningCount,
      send: this.#send,
      reply: this.#reply,
      onOver: () => this.#endJob(),
    };
    switch (command.kind) {
      case "fill":
        return new FillJob(parts, command.tasks);
      case "drain":
        return new DrainJob(parts, command.tasks);
      case "steady":
        return new SteadyJob(parts, command, this.#random);
    }
  }

  #reached(task: number, stage: LoadStage): void {
    const atMs = performance.now();
    if (stage === "lost") this.#lost++;
    const isNew = this.#times.reached(task, stage, atMs);
    if (isNew || stage === "ended") this.#job?.reached(task, stage, atMs);
  }

  #tellProgress(): void {
    const { runningCount: running, waitingCount: waiting } = this.#policy;
    this.#reply({ kind: "progress", running, waiting });
  }

  #endJob(): void {
    this.#job = null;
    if (this.#progress !== null) clearInterval(this.#progress);
    this.#progress = null;
  }
}
