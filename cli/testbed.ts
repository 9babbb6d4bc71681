import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TaskView } from "@bourse/model/operator";
import { OperatorClient } from "./client.ts";

const BOURSE = fileURLToPath(new URL("./bin/bourse.js", import.meta.url));

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * For integration tests: daemons as real processes, started with the command that users type, in a temporary
 * directory; any of them can be killed with SIGKILL and started again as it was.
 */
export class Testbed {
  readonly directory = mkdtempSync(join(tmpdir(), "bourse-testbed-"));
  /** A label of every container, so that only ours are looked at and removed. */
  readonly cluster = `test-${process.pid}-${Math.floor(performance.now())}`;
  readonly #commands = new Map<string, readonly string[]>();
  readonly #children = new Map<string, ChildProcess>();
  #port = 0;
  #client: OperatorClient | null = null;

  get master(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** A master, so many agents with disjoint ports, and the runner; returns when all are registered. */
  async start(options: {
    readonly agents: number;
    readonly containerizer: "docker" | "process" | "fake";
    readonly masterFlags?: readonly string[];
  }): Promise<void> {
    this.#port = await freePort();
    mkdirSync(join(this.directory, "logs"));
    this.spawn("master", [
      ...["master", "--port", String(this.#port), "--data-dir", join(this.directory, "master")],
      ...["--agent-ping-interval", "500ms", "--agent-ping-misses", "20"],
      ...(options.masterFlags ?? []),
    ]);
    this.#client = new OperatorClient([this.master], 5_000);
    await this.until("the master answers", async () => (await this.#counts()) !== null);
    for (let index = 0; index < options.agents; index++) {
      const begin = 32_000 + index * 100;
      this.spawn(`agent-${index}`, [
        ...["agent", "--work-dir", join(this.directory, `agent-${index}`)],
        ...["--hostname", `agent-${index}`, "--containerizer", options.containerizer],
        ...["--cluster", this.cluster],
        ...["--resources", `cpus:4;mem:4096;disk:4096;ports:[${begin}-${begin + 99}]`],
      ]);
    }
    this.spawn("runner", ["runner", "--state-dir", join(this.directory, "runner")]);
    await this.until("everything is registered", async () => {
      const counts = await this.#counts();
      return counts?.agents === options.agents && counts.frameworks === 1;
    });
  }

  /**
   * What `task ls` would list, asked within this process: a process start a look was most of the time of the tests.
   * Empty while no master answers.
   */
  async tasks(hasCompleted = false): Promise<readonly TaskView[]> {
    if (this.#client === null) return [];
    const tasks: TaskView[] = [];
    const query = { kind: "tasks", page: { limit: 1000 }, filter: { hasCompleted } } as const;
    try {
      for await (const page of this.#client.pages(query)) tasks.push(...page.tasks);
    } catch {
      return [];
    }
    return tasks;
  }

  async #counts(): Promise<{ readonly agents: number; readonly frameworks: number } | null> {
    const view = await this.#client?.query({ kind: "master" }, "master").catch(() => null);
    return view?.master.counts ?? null;
  }

  spawn(name: string, args: readonly string[]): void {
    this.#commands.set(name, args);
    const log = openSync(join(this.directory, "logs", `${name}.log`), "a");
    const child = spawn(process.execPath, [BOURSE, "--master", this.master, ...args], {
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#children.set(name, child);
  }

  /** Ends a daemon and waits until it is gone. */
  async kill(name: string, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#children.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  }

  /** Starts a killed daemon with the same command line. */
  restart(name: string): void {
    this.spawn(name, this.#commands.get(name) ?? []);
  }

  /** Runs one command line to its end. */
  bourse(...args: readonly string[]): Promise<Answer> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [BOURSE, "--master", this.master, ...args],
        { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
          resolve({ code, stdout, stderr });
        },
      );
    });
  }

  /** The same, parsed; fails with what the command said. */
  async json<T>(...args: readonly string[]): Promise<T> {
    const answer = await this.bourse("-o", "json", ...args);
    if (answer.code !== 0) throw new Error(`bourse ${args.join(" ")}: ${answer.stderr}`);
    return JSON.parse(answer.stdout) as T;
  }

  async until(what: string, holds: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await holds())) {
      if (performance.now() > deadline)
        throw new Error(`waited ${timeoutMs} ms until ${what}\n${this.logs()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** The end of every daemon's log, for the message of a failed test. */
  logs(): string {
    return [...this.#commands.keys()]
      .map((name) => {
        const text = readFileSync(join(this.directory, "logs", `${name}.log`), "utf8");
        return `--- ${name}\n${text.split("\n").slice(-15).join("\n")}`;
      })
      .join("\n");
  }

  async stop(): Promise<void> {
    this.#client?.close();
    for (const name of [...this.#children.keys()].reverse()) await this.kill(name, "SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = probe.address();
      probe.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("a listening socket has a port"));
      });
    });
  });
}
