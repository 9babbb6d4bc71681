import { parentPort } from "node:worker_threads";
import { runSeedJob, SEED_TOOLS, type SeedJob, type SeedOutcome } from "./seed-job.ts";

/** What a worker says: the seed has run and is now made smaller, or all of it is done. */
export type WorkerWord =
  | { readonly kind: "judged" }
  | { readonly kind: "done"; readonly outcome: SeedOutcome };

/** One thread of the fuzzer: takes one job after the other. */
const port = parentPort;
port?.on("message", (job: SeedJob) => {
  const say = (word: WorkerWord): void => port.postMessage(word);
  const judged = (): void => say({ kind: "judged" });
  say({ kind: "done", outcome: runSeedJob(job, { ...SEED_TOOLS, judged }) });
});
