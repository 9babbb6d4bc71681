import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ClusterError } from "@bourse/model/errors";
import { isTerminal } from "@bourse/model/task-state";
import Docker from "dockerode";
import { OperatorClient } from "./client.ts";
import { daemonLogger } from "./daemon.ts";
import { DEMO_COMMAND } from "./demo-image/demo-image.ts";
import { listFrameworks } from "./lookup.ts";
import { portFor } from "./port-for.ts";
import { freePortWindow, listeningPorts } from "./port-window.ts";

export interface ClusterPlan {
  readonly dataDir: string;
  readonly port: number;
  readonly agents: number;
  /** Of the demo service; null = none. */
  readonly instances: number | null;
  readonly containerizer: "docker" | "process";
  readonly image?: string;
  /** The data directory, and the logs in it, outlive the cluster. */
  readonly isKept?: boolean;
}

interface Member {
  readonly name: string;
  readonly child: ChildProcess;
  readonly logFile: string;
  readonly exited: Promise<void>;
}

const START_MS = 30_000;
const TASKS_END_MS = 20_000;
const MEMBER_END_MS = 10_000;
/** How long the exit of a child may stay behind the end of its connections. */
const NEWS_MS = 500;

/**
 * A master, agents, the runner and the demo service as child processes of this one: the same daemons that an
 * operator starts by hand, with their logs in the data directory. Stopping leaves no process and no container.
 */
export class LocalCluster {
  readonly #plan: ClusterPlan;
  readonly #say: (line: string) => void;
  readonly #members: Member[] = [];
  /** Our containers bear it as a label. */
  readonly clusterName = `up-${process.pid}`;
  /** Rejects when a member ends that was not asked to. */
  readonly failed: Promise<never>;
  #fail: (error: Error) => void = () => {};
  readonly #ports = freePortWindow(listeningPorts());
  readonly #died = new Set<string>();
  #isStopping = false;
  /** Start-up is over. */
  #isRunning = false;
  #hasMasterAnswered = false;
  #address = "";

  constructor(plan: ClusterPlan, say: (line: string) => void) {
    this.#plan = plan;
    this.#say = say;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {}); // Whoever waits for it hears of it; before that it is no crash.
  }

  /** Returns the master's address once everything is registered. */
  async start(stop: AbortSignal): Promise<string> {
    const plan = this.#plan;
    if (stop.aborted) return this.#address;
    mkdirSync(join(plan.dataDir, "logs"), { recursive: true });
    const port = await portFor(plan.port);
    this.#address = `127.0.0.1:${port}`;
    this.#say(
      `starting a master and ${plan.agents} agents (${plan.containerizer} containers), logs in ${join(plan.dataDir, "logs")}`,
    );
    this.#spawn("master", [
      "master",
      "--port",
      String(port),
      "--data-dir",
      join(plan.dataDir, "master"),
    ]);
    const client = new OperatorClient([this.#address], 2_000);
    try {
      await this.#until("the master answers", stop, async () => {
        await client.query({ kind: "master" }, "master");
        this.#hasMasterAnswered = true;
        return true;
      });
      if (stop.aborted) return this.#address;
      for (let index = 0; index < plan.agents; index++) this.#spawnAgent(index);
      await this.#until("the agents are registered", stop, async () => {
        const { master } = await client.query({ kind: "master" }, "master");
        return master.counts.agents >= plan.agents;
      });
      if (stop.aborted) return this.#address;
      this.#spawn("runner", ["runner", "--state-dir", join(plan.dataDir, "runner")]);
      if (plan.instances !== null) this.#spawnService(plan.instances);
      const frameworks = plan.instances === null ? 1 : 2;
      await this.#until("the frameworks are subscribed", stop, async () => {
        const { master } = await client.query({ kind: "master" }, "master");
        return master.counts.frameworks >= frameworks;
      });
      this.#isRunning = true;
    } finally {
      client.close();
    }
    return this.#address;
  }

  /**
   * Waits for work that asks the cluster. When a member dies, what the work saw of it (a broken connection) comes a
   * moment before the news of the death, which is what the user must hear.
   */
  async whileAlive<T>(work: Promise<T>): Promise<T> {
    try {
      return await Promise.race([work, this.failed]);
    } catch (thrown) {
      await Promise.race([pause(NEWS_MS), this.failed]);
      throw thrown;
    }
  }

  /** Tears all frameworks down, waits for their tasks, ends the members, removes what is left of the containers. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const isMasterUp = this.#members.some((member) => member.name === "master" && isAlive(member));
    if (isMasterUp && this.#hasMasterAnswered) await this.#endTasks();
    for (const member of [...this.#members].reverse()) await end(member);
    if (this.#plan.containerizer === "docker") await this.#removeContainers();
    else for (const name of this.#died) await this.#removeProcesses(name);
  }

  /** The processes of an agent that died are known to its checkpoint alone: it is started here once more to end them. */
  async #removeProcesses(name: string): Promise<void> {
    if (!name.startsWith("agent-")) return;
    try {
      const { startAgent } = await import("@bourse/agent/main");
      const agent = await startAgent({
        masters: [this.#address],
        workDir: join(this.#plan.dataDir, name),
        containerizer: "process",
        count: 1,
        logger: daemonLogger(name, "error"),
      });
      await agent.close("remove");
    } catch (thrown) {
      this.#say(`could not end the processes of ${name}: ${ClusterError.from(thrown).message}`);
    }
  }

  async #endTasks(): Promise<void> {
    const client = new OperatorClient([this.#address], 2_000);
    try {
      for (const { frameworkId } of await listFrameworks(client, false)) {
        await client.call({ kind: "teardown-framework", frameworkId });
      }
      const deadline = Date.now() + TASKS_END_MS;
      while (Date.now() < deadline && (await liveTasks(client)) > 0) await pause(200);
    } catch (thrown) {
      this.#say(`could not end the tasks through the master: ${ClusterError.from(thrown).message}`);
    } finally {
      client.close();
    }
  }

  async #removeContainers(): Promise<void> {
    try {
      const docker = new Docker();
      const filters = { label: [`bourse.cluster=${this.clusterName}`] };
      for (const { Id } of await docker.listContainers({ all: true, filters })) {
        await docker.getContainer(Id).remove({ force: true, v: true });
      }
    } catch (thrown) {
      this.#say(`could not look for left-over containers: ${ClusterError.from(thrown).message}`);
    }
  }

  #spawnAgent(index: number): void {
    const plan = this.#plan;
    const cpus = Math.floor((availableParallelism() * 1000) / plan.agents) / 1000;
    const mem = Math.floor(((totalmem() / 1048576) * 0.8) / plan.agents);
    const width = Math.floor(this.#ports.width / plan.agents);
    const begin = this.#ports.begin + index * width;
    const name = `agent-${index + 1}`;
    this.#spawn(name, [
      "agent",
      ...["--work-dir", join(plan.dataDir, name), "--hostname", name],
      ...["--containerizer", plan.containerizer, "--cluster", this.clusterName],
      ...["--on-stop", "remove"], // Also when no master is left to end the tasks.
      ...[
        "--resources",
        `cpus:${cpus};mem:${mem};disk:10240;ports:[${begin}-${begin + width - 1}]`,
      ],
    ]);
  }

  #spawnService(instances: number): void {
    const plan = this.#plan;
    const page = ["-e", "PORT=8080", "-p", "8080", "--image", plan.image ?? "", "--", DEMO_COMMAND];
    this.#spawn("service", [
      ...["service", "--state-dir", join(plan.dataDir, "service"), "--mem", "32"],
      ...["--instances", String(instances)],
      ...(plan.image === undefined ? ["--", "sleep", "1000000"] : page),
    ]);
  }

  #spawn(name: string, args: readonly string[]): void {
    const logFile = join(this.#plan.dataDir, "logs", `${name}.log`);
    const log = openSync(logFile, "a");
    // A group of its own: Ctrl-C on the terminal reaches only this process, which stops the others in order.
    const child = spawn(process.execPath, [command(), "--master", this.#address, ...args], {
      stdio: ["ignore", log, log],
      detached: true,
    });
    closeSync(log);
    const exited = new Promise<void>((resolve) => {
      child.once("exit", (code, signal) => {
        resolve();
        if (this.#isStopping) return;
        if (this.#wasSentAway(name, code)) {
          this.#say(
            `the master sent ${name} away; it is back when \`bourse maintenance stop\` says`,
          );
          this.#spawn(name, args);
          return;
        }
        this.#died.add(name);
        const how = `the ${name} ended by itself (${signal ?? `code ${code}`})`;
        const why = lastWords(readFileSync(logFile, "utf8"));
        const message = why === "" ? how : `${how}: ${why}`;
        // An operator may tear the demo down; the cluster is of use without it.
        if (name === "service" && this.#isRunning) {
          this.#say(message);
          return;
        }
        this.#fail(
          new ClusterError("internal", message, {
            hint:
              this.#plan.isKept === true ? `its log: ${logFile}` : "keep the logs with --data-dir",
          }),
        );
      });
    });
    this.#members.push({ name, child, logFile, exited });
  }

  /** An agent ends well only when the master removes it. Started again it is refused while its machine is down (M-71). */
  #wasSentAway(name: string, code: number | null): boolean {
    return this.#isRunning && code === 0 && name.startsWith("agent-");
  }

  /** Tries until it holds; a member that dies, the time and Ctrl-C end the waiting. */
  async #until(what: string, stop: AbortSignal, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (!stop.aborted) {
      const isTrue = await Promise.race([holds().catch(() => false), this.failed]);
      if (isTrue) return;
      if (Date.now() > deadline) {
        throw new ClusterError("timeout", `waited ${START_MS / 1000} s until ${what}`, {
          hint: `see the logs in ${join(this.#plan.dataDir, "logs")} (kept with --data-dir)`,
        });
      }
      await pause(100);
    }
  }
}

/** What a daemon said last, if it was meant for people: its own lines are JSON. */
export function lastWords(log: string): string {
  const last = log.trim().split("\n").at(-1) ?? "";
  return last.startsWith("{") ? "" : last.replace(/^bourse: /, "");
}

async function liveTasks(client: OperatorClient): Promise<number> {
  const { master } = await client.query({ kind: "master" }, "master");
  return Object.entries(master.tasksByState)
    .filter(([state]) => !isTerminal(state as Parameters<typeof isTerminal>[0]))
    .reduce((sum, [, count]) => sum + (count ?? 0), 0);
}

async function end(member: Member): Promise<void> {
  if (!isAlive(member)) return;
  member.child.kill("SIGTERM");
  const timer = setTimeout(() => member.child.kill("SIGKILL"), MEMBER_END_MS);
  await member.exited;
  clearTimeout(timer);
}

function isAlive(member: Member): boolean {
  return (
    member.child.exitCode === null &&
    member.child.signalCode === null &&
    member.child.pid !== undefined
  );
}

function command(): string {
  const here = fileURLToPath(new URL(".", import.meta.url));
  return join(here, "..", "bin", "bourse.js");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
