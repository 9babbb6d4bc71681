import { Worker } from "node:worker_threads";
import { TIME_OUT } from "./judge.ts";
import { type Finding, type SeedJob, type SeedOutcome, scenarioOfJob } from "./seed-job.ts";
import type { WorkerWord } from "./seed-worker.ts";

/** Who runs seeds: threads, or in a test whatever there is. */
export interface SeedRunner {
  run(job: SeedJob): Promise<SeedOutcome>;
  /** Ends at once what is under way. */
  close(): Promise<void>;
}

/** A run looks at the clock between its steps. One that does not come to that by this much later never will. */
const GRACE_MS = 5_000;

/**
 * Runs as many seeds at once as it is given jobs at once, each in a thread. A thread that does not answer in time is
 * ended, and that is a finding; one that dies is a finding too.
 */
export class SeedPool implements SeedRunner {
  readonly #idle: Worker[] = [];
  readonly #busy = new Set<Worker>();
  #isClosed = false;

  async run(job: SeedJob): Promise<SeedOutcome> {
    const worker = this.#idle.pop() ?? new Worker(new URL("./seed-worker.js", import.meta.url));
    this.#busy.add(worker);
    const answer = await answerOf(worker, job);
    this.#busy.delete(worker);
    if (answer.kind === "done" && !this.#isClosed) this.#idle.push(worker);
    else await worker.terminate();
    return answer.kind === "done" ? answer.outcome : lost(job, answer.cause);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#idle, ...this.#busy].map((worker) => worker.terminate()));
  }
}

type Answer =
  | { readonly kind: "done"; readonly outcome: SeedOutcome }
  | { readonly kind: "lost"; readonly cause: string };

function answerOf(worker: Worker, job: SeedJob): Promise<Answer> {
  return new Promise((resolve) => {
    const { withinMs, shrinkMs } = job;
    const late = (): void =>
      end({ kind: "lost", cause: "the run of the seed does not end, nor any step of it" });
    // A run with reloads is two.
    let timer = setTimeout(late, 2 * withinMs + GRACE_MS);
    const heard = (word: WorkerWord): void => {
      if (word.kind === "done") {
        end(word);
        return;
      }
      clearTimeout(timer);
      timer = setTimeout(late, 2 * withinMs + shrinkMs + GRACE_MS);
    };
    const failed = (error: Error): void =>
      end({ kind: "lost", cause: `the thread died: ${error.message}` });
    const ended = (code: number): void =>
      end({ kind: "lost", cause: `the thread ended with ${code}` });
    // Only its own listeners: `terminate` waits with one as well.
    const end = (answer: Answer): void => {
      clearTimeout(timer);
      worker.off("message", heard).off("error", failed).off("exit", ended);
      resolve(answer);
    };
    worker.on("message", heard).on("error", failed).on("exit", ended);
    worker.postMessage(job);
  });
}

function lost(job: SeedJob, message: string): SeedOutcome {
  const { seed } = job;
  const violation = { seed, atMs: 0, check: TIME_OUT, message };
  const finding: Finding = { seed, violation, scenario: scenarioOfJob(job), shrinkRuns: 0 };
  return { seed, events: 0, finding };
}
