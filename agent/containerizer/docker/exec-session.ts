import { once } from "node:events";
import { constants } from "node:os";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type Docker from "dockerode";
import type { Exec } from "dockerode";
import type { ExecRequest, ExecSession, OutputChunk } from "../containerizer.ts";
import { demultiplex } from "./demultiplex.ts";

const EXIT_UNKNOWN = 255;
/** The engine closes the stream a moment before it knows the exit code. */
const EXIT_POLL_MS = 20;
const EXIT_POLLS_MAX = 250;

/** Starts a process in a running container and ties its streams together. Rejects as dockerode does. */
export async function openExec(
  container: Docker.Container,
  { command, isTty, isInteractive }: ExecRequest,
): Promise<ExecSession> {
  const exec = await container.exec({
    Cmd: [...command],
    AttachStdin: isInteractive,
    AttachStdout: true,
    AttachStderr: true,
    Tty: isTty,
  });
  const stream = await exec.start({ hijack: true, stdin: true, Tty: isTty });
  return new DockerExec(exec, stream, isTty, isInteractive);
}

class DockerExec implements ExecSession {
  readonly output: AsyncIterable<OutputChunk>;
  readonly exit: Promise<number>;
  readonly #exec: Exec;
  readonly #stream: Duplex;
  readonly #isTty: boolean;
  readonly #isInteractive: boolean;
  #hasEnded = false;

  constructor(exec: Exec, stream: Duplex, isTty: boolean, isInteractive: boolean) {
    this.#exec = exec;
    this.#stream = stream;
    this.#isTty = isTty;
    this.#isInteractive = isInteractive;
    const closed = new Promise<void>((resolve) => {
      stream
        .once("end", resolve)
        .once("close", resolve)
        .once("error", () => resolve());
    });
    this.exit = closed.then(() => this.#exitCode());
    this.output = untilBroken(isTty ? terminalOutput(stream) : demultiplex(stream));
  }

  async writeStdin(data: Uint8Array): Promise<void> {
    if (!this.#isInteractive || this.#stream.writableEnded || this.#stream.destroyed) return;
    if (this.#stream.write(data)) return;
    const closed = new Promise((resolve) => this.#stream.once("close", resolve));
    await Promise.race([once(this.#stream, "drain").catch(() => {}), closed]);
  }

  endStdin(): void {
    if (this.#isInteractive) this.#stream.end();
  }

  resize(columns: number, rows: number): void {
    if (!this.#isTty || this.#hasEnded) return;
    // Too early or too late for the engine is no error for the user: the next resize will do.
    this.#exec.resize({ w: columns, h: rows }).catch(() => {});
  }

  signal(signal: string): void {
    const name = signal.startsWith("SIG") ? signal : `SIG${signal}`;
    if (!(name in constants.signals) || this.#hasEnded) return;
    void this.#kill(name as NodeJS.Signals);
  }

  close(): void {
    if (this.#hasEnded) return;
    void this.#kill("SIGKILL").finally(() => this.#stream.destroy());
  }

  /** The engine has no call for this; the process is on this host, at the head of a session of its own. */
  async #kill(signal: NodeJS.Signals): Promise<void> {
    try {
      const pid = await this.#pid();
      if (pid !== null) process.kill(-pid, signal);
    } catch {
      // Ended in between, or the engine is not on this host.
    }
  }

  /** Null when the process has ended. The engine answers a start a moment before it knows the pid. */
  async #pid(): Promise<number | null> {
    for (let polls = 0; polls < EXIT_POLLS_MAX; polls++) {
      const { Running, Pid, ExitCode } = await this.#exec.inspect();
      if (Running && Pid > 0) return Pid;
      if (!Running && ExitCode !== null) return null;
      await delay(EXIT_POLL_MS);
    }
    return null;
  }

  async #exitCode(): Promise<number> {
    try {
      for (let polls = 0; polls < EXIT_POLLS_MAX; polls++) {
        const { Running, ExitCode } = await this.#exec.inspect();
        if (!Running && ExitCode !== null) return ExitCode;
        await delay(EXIT_POLL_MS);
      }
    } catch {
      // The container or the engine is gone, and with it the exit code.
    } finally {
      this.#hasEnded = true;
    }
    return EXIT_UNKNOWN;
  }
}

async function* terminalOutput(stream: Duplex): AsyncGenerator<OutputChunk> {
  for await (const data of stream) yield { stream: "stdout", data };
}

/** A stream that breaks is an end too; what became of the process is the exit code's business. */
async function* untilBroken(output: AsyncIterable<OutputChunk>): AsyncGenerator<OutputChunk> {
  try {
    yield* output;
  } catch {
    // The engine went away or the session was closed.
  }
}
