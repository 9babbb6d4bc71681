import { type FuzzOptions, type FuzzReport, fuzz } from "./fuzz/fuzz.ts";
import { runSeedJob } from "./fuzz/seed-job.ts";

/** Real time that one run may take on a busy machine. */
const WITHIN_MS = 60_000;

/** Runs random scenarios one after the other in this thread, and leaves those that fail as they are. */
export async function runSeeds({
  prefix,
  from,
  seeds,
  hasReloads = false,
}: Pick<FuzzOptions, "prefix" | "from" | "seeds"> &
  Partial<Pick<FuzzOptions, "hasReloads">>): Promise<FuzzReport> {
  const options = { prefix, from, seeds, hasReloads, jobs: 1, withinMs: WITHIN_MS, shrinkMs: 0 };
  const run = async (job: Parameters<typeof runSeedJob>[0]) => runSeedJob(job);
  return await fuzz(options, { runner: { run, close: async () => {} } });
}
