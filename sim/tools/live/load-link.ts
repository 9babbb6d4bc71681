import { createInterface } from "node:readline";
import { ClusterError } from "@bourse/model/errors";
import type { LoadCommand, LoadReply } from "@bourse/model/load";
import type { BourseProcess } from "./bourse-process.ts";

type ReplyOf<Kind extends LoadReply["kind"]> = Extract<LoadReply, { kind: Kind }>;

/** The conversation with the load framework: a line of JSON each way. */
export class LoadLink {
  readonly #process: BourseProcess;
  readonly #onProgress: (running: number, waiting: number) => void;
  readonly #waiting = new Map<LoadReply["kind"], (reply: LoadReply) => void>();
  #fail: (error: ClusterError) => void = () => {};
  /** Rejects when it says something that was not to be said. */
  readonly failed: Promise<never>;

  constructor(process: BourseProcess, onProgress: (running: number, waiting: number) => void) {
    this.#process = process;
    this.#onProgress = onProgress;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {}); // Heard by whoever waits for it.
    const { stdout, stdin } = process.child;
    if (stdout === null || stdin === null) throw new Error("the load framework has no pipes");
    createInterface({ input: stdout }).on("line", (line) => this.#take(line));
    stdin.on("error", () => {}); // Its end is told by the process.
  }

  send(command: LoadCommand): void {
    this.#process.child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** The next reply of this kind. */
  next<Kind extends LoadReply["kind"]>(kind: Kind): Promise<ReplyOf<Kind>> {
    return new Promise((resolve) => {
      this.#waiting.set(kind, (reply) => resolve(reply as ReplyOf<Kind>));
    });
  }

  #take(line: string): void {
    const reply = JSON.parse(line) as LoadReply;
    if (reply.kind === "progress") {
      this.#onProgress(reply.running, reply.waiting);
      return;
    }
    if (reply.kind === "refused") {
      this.#fail(new ClusterError("internal", `the load framework refuses: ${reply.message}`));
      return;
    }
    const take = this.#waiting.get(reply.kind);
    this.#waiting.delete(reply.kind);
    take?.(reply);
  }
}
