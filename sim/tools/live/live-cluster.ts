import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ClusterError } from "@bourse/model/errors";
import { BourseProcess } from "./bourse-process.ts";
import type { LiveOptions, ProcessCores } from "./live-report.ts";
import { LoadLink } from "./load-link.ts";
import { type MasterMetrics, readMasterMetrics } from "./master-metrics.ts";

/** Of every task; agents are whole multiples of it, so that nothing is left over that is too small for one. */
const TASK = { cpusMilli: 100, memMib: 32 } as const;
/** A hundredth of all room stays free: with none at all a task would wait for another one's end. */
const ROOM_FACTOR = 1.01;
const START_MS = 120_000;

/** A master, agents and the load framework as real processes in a directory of their own. */
export class LiveCluster {
  readonly #options: LiveOptions;
  readonly #directory: string;
  readonly #processes: BourseProcess[] = [];
  /** Rejects when a process ends that was not asked to. */
  readonly failed: Promise<never>;
  #fail: (error: ClusterError) => void = () => {};
  #port = 0;
  #load: LoadLink | null = null;
  /** Nothing more is started. */
  #isStopping = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#directory = options.keepDirectory ?? mkdtempSync(join(tmpdir(), "bourse-live-"));
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {}); // Heard by whoever waits for it.
  }

  get slotsPerAgent(): number {
    const { agents, tasks, ratePerSecond } = this.#options;
    return Math.ceil((Math.max(tasks, 2 * ratePerSecond) * ROOM_FACTOR) / agents);
  }

  get load(): LoadLink {
    if (this.#load === null) throw new Error("the load framework runs once the cluster is started");
    return this.#load;
  }

  /** Resolves when all agents are registered and the load framework has subscribed. */
  async start(say: (line: string) => void): Promise<void> {
    this.#port = await freePort();
    const { agents, agentProcesses } = this.#options;
    say(`starting a master on port ${this.#port}`);
    this.#spawn("master", [
      ...["master", "--port", String(this.#port)],
      ...["--data-dir", join(this.#directory, "master")],
    ]);
    await this.#until("the master answers", async () => {
      await this.metrics();
      return true;
    });
    say(`starting ${agents} agents in ${agentProcesses} processes`);
    for (let index = 0; index < agentProcesses; index++) this.#spawnAgents(index);
    await this.#until("the agents are registered", async () => {
      return (await this.metrics()).activeAgents === agents;
    });
    say("starting the load framework");
    await this.#startLoad();
  }

  metrics(): Promise<MasterMetrics> {
    return readMasterMetrics(`127.0.0.1:${this.#port}`);
  }

  get masterRssMib(): number {
    return this.#of("master").reduce((sum, process) => sum + process.rssMib(), 0);
  }

  /** Seconds of processor time so far. */
  cpuSeconds(): ProcessCores {
    const sum = (name: string): number =>
      this.#of(name).reduce((seconds, process) => seconds + process.cpuSeconds(), 0);
    return { master: sum("master"), agents: sum("agents"), load: sum("load") };
  }

  agentConnections(): number {
    const count = (sum: number, process: BourseProcess): number =>
      sum + process.connectionsTo(this.#port);
    return this.#of("agents").reduce(count, 0);
  }

  /** Leaves no process, and no directory unless it is to be kept. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#processes.map((process) => process.end()));
    if (this.#options.keepDirectory === null)
      rmSync(this.#directory, { recursive: true, force: true });
  }

  #of(name: string): readonly BourseProcess[] {
    return this.#processes.filter((process) => process.name.startsWith(name));
  }

  #spawnAgents(index: number): void {
    const { agents, agentProcesses } = this.#options;
    const begin = Math.floor((agents * index) / agentProcesses);
    const count = Math.floor((agents * (index + 1)) / agentProcesses) - begin;
    const cpus = (this.slotsPerAgent * TASK.cpusMilli) / 1000;
    this.#spawn(`agents-${index + 1}`, [
      ...["agent", "--master", `127.0.0.1:${this.#port}`, "--containerizer", "fake"],
      ...["--count", String(count), "--hostname", `live-${index + 1}`, "--log-level", "warn"],
      ...["--resources", `cpus:${cpus};mem:${this.slotsPerAgent * TASK.memMib}`],
      ...["--work-dir", join(this.#directory, `agents-${index + 1}`)],
    ]);
  }

  async #startLoad(): Promise<void> {
    const words = [
      ...["load", "--master", `127.0.0.1:${this.#port}`, "--seed", this.#options.seed],
      ...["--task", `cpus:${TASK.cpusMilli / 1000};mem:${TASK.memMib}`],
    ];
    const link = new LoadLink(this.#spawn("load", words, true), this.onProgress);
    this.#load = link;
    await Promise.race([
      link.next("ready"),
      this.failed,
      this.#late("the load framework subscribes"),
    ]);
  }

  /** Set by who shows it. */
  onProgress: (running: number, waiting: number) => void = () => {};

  #spawn(name: string, words: readonly string[], isTalking = false): BourseProcess {
    const process = new BourseProcess({
      name,
      command: this.#options.command,
      words,
      logFile: join(this.#directory, `${name}.log`),
      isTalking,
      onDeath: (error) => this.#fail(error),
    });
    this.#processes.push(process);
    return process;
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + START_MS;
    while (performance.now() < deadline) {
      if (this.#isStopping) throw new ClusterError("conflict", "the cluster is being stopped");
      if (await Promise.race([isSo().catch(() => false), this.failed])) return;
      await Promise.race([delay(100), this.failed]);
    }
    throw late(what);
  }

  async #late(what: string): Promise<never> {
    await delay(START_MS, null, { ref: false });
    throw late(what);
  }
}

function late(what: string): ClusterError {
  return new ClusterError("timeout", `waited ${START_MS / 1000} s until ${what}`, {
    hint: "keep the logs with --keep and look into them; or take fewer --agents",
  });
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}
