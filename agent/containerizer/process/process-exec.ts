import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import type { ExecRequest, ExecSession, OutputChunk } from "../containerizer.ts";
import { sendSignal } from "./proc.ts";
import { resizeTerminal, terminalWords } from "./terminal.ts";

const EXIT_NOT_FOUND = 127;
const SIGNAL_BASE = 128;

export interface ExecPlace {
  readonly directory: string;
  readonly environment: ReadonlyMap<string, string>;
  /** Words before the command that change the user. */
  readonly prefix: readonly string[];
}

/** A second process beside a task's, with the task's directory, environment and user, in a session of its own. */
export class ProcessExec implements ExecSession {
  readonly output: AsyncIterable<OutputChunk>;
  readonly exit: Promise<number>;
  readonly #child: ChildProcess;
  readonly #isTty: boolean;
  readonly #isInteractive: boolean;
  #hasEnded = false;

  constructor({ command, isTty, isInteractive }: ExecRequest, place: ExecPlace) {
    this.#isTty = isTty;
    this.#isInteractive = isInteractive;
    const [program = "", ...args] = [
      ...place.prefix,
      ...(isTty ? terminalWords(command) : command),
    ];
    this.#child = spawn(program, args, {
      cwd: place.directory,
      env: Object.fromEntries([
        ...(isTty ? [["TERM", "xterm"] as const] : []),
        ...place.environment,
      ]),
      detached: true,
      stdio: [isInteractive ? "pipe" : "ignore", "pipe", "pipe"],
    });
    // The reader of a pipe may end before its writer.
    this.#child.stdin?.on("error", () => {});
    this.exit = exitOf(this.#child).finally(() => {
      this.#hasEnded = true;
    });
    this.output = outputOf(this.#child);
  }

  async writeStdin(data: Uint8Array): Promise<void> {
    const stdin = this.#child.stdin;
    if (stdin === null || stdin.writableEnded || stdin.destroyed || stdin.write(data)) return;
    const closed = new Promise((resolve) => stdin.once("close", resolve));
    await Promise.race([once(stdin, "drain").catch(() => {}), closed]);
  }

  endStdin(): void {
    if (this.#isInteractive) this.#child.stdin?.end();
  }

  resize(columns: number, rows: number): void {
    const { pid } = this.#child;
    if (this.#isTty && !this.#hasEnded && pid !== undefined) {
      void resizeTerminal(pid, { columns, rows });
    }
  }

  signal(signal: string): void {
    const name = signal.startsWith("SIG") ? signal : `SIG${signal}`;
    if (name in constants.signals) this.#kill(name as NodeJS.Signals);
  }

  close(): void {
    this.#kill("SIGKILL");
  }

  #kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (!this.#hasEnded && pid !== undefined) sendSignal(-pid, signal);
  }
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("error", () => resolve(EXIT_NOT_FOUND));
    child.once("exit", (exitCode, signal) => {
      resolve(exitCode ?? SIGNAL_BASE + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/** Both streams as they come; reads only as fast as it is asked, so a full pipe stops the process. */
async function* outputOf(child: ChildProcess): AsyncGenerator<OutputChunk> {
  const failure = new Promise<string | null>((resolve) => {
    child.once("error", (error) => resolve(`${error.message}\n`));
    child.once("spawn", () => resolve(null));
  });
  const message = await failure;
  if (message !== null) {
    yield { stream: "stderr", data: Buffer.from(message) };
    return;
  }
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) return;
  const streams = [
    { stream: "stdout", readable: stdout },
    { stream: "stderr", readable: stderr },
  ] as const;
  while (true) {
    let wasIdle = true;
    for (const { stream, readable } of streams) {
      const data: Buffer | null = readable.read();
      if (data === null) continue;
      wasIdle = false;
      yield { stream, data };
    }
    if (!wasIdle) continue;
    if (streams.every(({ readable }) => hasFinished(readable))) return;
    await nextChange(streams.map(({ readable }) => readable));
  }
}

function hasFinished(readable: Readable): boolean {
  return readable.readableEnded || readable.destroyed;
}

function nextChange(streams: readonly Readable[]): Promise<void> {
  return new Promise((resolve) => {
    const names = ["readable", "end", "close", "error"] as const;
    const wake = () => {
      for (const stream of streams) for (const name of names) stream.off(name, wake);
      resolve();
    };
    for (const stream of streams) for (const name of names) stream.on(name, wake);
  });
}
