import { ClusterError } from "@bourse/model/errors";
import type { Finding } from "./seed-job.ts";
import type { SeedRunner } from "./seed-pool.ts";

export interface FuzzOptions {
  /** How many, from `<prefix><from>` on. */
  readonly seeds: number;
  readonly from: number;
  readonly prefix: string;
  /** So many at once. */
  readonly jobs: number;
  /** Each is run with its cores restored from snapshots along the way as well: both runs must be the same. */
  readonly hasReloads: boolean;
  /** Real time that one run may take, in milliseconds. */
  readonly withinMs: number;
  /** Real time that making a failing one smaller may take. */
  readonly shrinkMs: number;
}

export interface FuzzReport {
  readonly prefix: string;
  readonly from: number;
  /** How many were asked for. */
  readonly asked: number;
  /** How many were run. */
  readonly seeds: number;
  readonly events: number;
  readonly wallSeconds: number;
  readonly jobs: number;
  readonly findings: readonly Finding[];
  /** False: it was stopped, or there were so many findings that more would say nothing new. */
  readonly isComplete: boolean;
}

export interface FuzzTools {
  readonly runner: SeedRunner;
  /** Aborted: no further seed is begun, what is under way is dropped. */
  readonly signal?: AbortSignal;
  progress?(done: number, findings: number): void;
  found?(finding: Finding): void;
}

export const FUZZ_SEEDS_MAX = 10_000_000;
export const FUZZ_JOBS_MAX = 256;
/** One bug is found by many seeds. */
const FINDINGS_MAX = 20;

/**
 * Runs the random scenarios of many seeds, several at once; each by itself is as deterministic as ever. Closes the
 * runner. Throws `invalid_call` for options out of bounds.
 */
export async function fuzz(options: FuzzOptions, tools: FuzzTools): Promise<FuzzReport> {
  checkFuzzOptions(options);
  const { seeds, from, prefix, jobs, hasReloads, withinMs, shrinkMs } = options;
  const { runner, signal } = tools;
  const beganMs = performance.now();
  const findings: Finding[] = [];
  let next = 0;
  let done = 0;
  let events = 0;
  const stopped = stopOf(signal);
  const isOver = (): boolean =>
    next >= seeds || findings.length >= FINDINGS_MAX || signal?.aborted === true;
  const lane = async (): Promise<void> => {
    while (!isOver()) {
      const seed = `${prefix}${from + next}`;
      next += 1;
      const job = { seed, hasReloads, withinMs, shrinkMs };
      const outcome = await Promise.race([runner.run(job), stopped]);
      if (outcome === null) return;
      done += 1;
      events += outcome.events;
      if (outcome.finding !== null) {
        findings.push(outcome.finding);
        tools.found?.(outcome.finding);
      }
      tools.progress?.(done, findings.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(jobs, seeds) }, lane));
  } finally {
    await runner.close();
  }
  const wallSeconds = (performance.now() - beganMs) / 1_000;
  const isComplete = done === seeds;
  return {
    prefix,
    from,
    asked: seeds,
    seeds: done,
    events,
    wallSeconds,
    jobs,
    findings,
    isComplete,
  };
}

/** Throws a `ClusterError` that names the option, what it was and what it may be. */
export function checkFuzzOptions(options: FuzzOptions): void {
  const { seeds, from, jobs, prefix } = options;
  checkWhole("seeds", seeds, 1, FUZZ_SEEDS_MAX);
  checkWhole("from", from, 0, Number.MAX_SAFE_INTEGER - FUZZ_SEEDS_MAX);
  checkWhole("jobs", jobs, 1, FUZZ_JOBS_MAX);
  if (prefix.length <= PREFIX_LENGTH_MAX) return;
  throw new ClusterError(
    "invalid_call",
    `the prefix has ${prefix.length} characters, it may have ${PREFIX_LENGTH_MAX}`,
    { hint: "--prefix nightly-" },
  );
}

const PREFIX_LENGTH_MAX = 200;

function checkWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new ClusterError(
    "invalid_call",
    `${name} is ${value}, it must be a whole number from ${min} to ${max}`,
    { hint: `--${name} ${Math.min(max, Math.max(min, 1_000))}` },
  );
}

function stopOf(signal: AbortSignal | undefined): Promise<null> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve(null);
    else signal?.addEventListener("abort", () => resolve(null), { once: true });
  });
}
