import { runSeed, type SeedResult } from "@bourse/engine/seed-run";
import { ClusterError } from "@bourse/model/errors";

export interface SeedsOptions {
  /** The first seed is `<prefix>1`, the next `<prefix>2`, ... */
  readonly prefix: string;
  readonly from: number;
  readonly count: number;
}

/** What many small clusters under faults had to say. Run one again with `runSeed({ seed })`. */
export interface SeedsReport {
  readonly seeds: number;
  readonly events: number;
  readonly failed: readonly SeedResult[];
}

const SEEDS_MAX = 1_000_000;
/** After so many failing seeds the next says nothing new. */
const FAILED_MAX = 20;

/** Runs one scenario after the other: random clusters of 3 to 8 agents and 1 to 3 frameworks, faults of all kinds. */
export function runSeeds(
  { prefix, from, count }: SeedsOptions,
  onSeed: (result: SeedResult) => void = () => {},
): SeedsReport {
  if (!Number.isInteger(count) || count < 1 || count > SEEDS_MAX) {
    throw new ClusterError(
      "invalid_call",
      `count is ${count}, it must be a whole number from 1 to ${SEEDS_MAX}`,
    );
  }
  const failed: SeedResult[] = [];
  let events = 0;
  let seeds = 0;
  while (seeds < count && failed.length < FAILED_MAX) {
    const result = attempt(`${prefix}${from + seeds}`);
    seeds += 1;
    events += result.events;
    if (result.violations.length > 0) failed.push(result);
    onSeed(result);
  }
  return { seeds, events, failed };
}

/** A core that throws breaks an invariant of its own: that too is a finding with a seed. */
function attempt(seed: string): SeedResult {
  try {
    return runSeed({ seed });
  } catch (thrown) {
    const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    const violations = [{ seed, atMs: Number.NaN, check: "crash", message }];
    return { seed, violations, hash: "", events: 0, virtualMs: 0 };
  }
}
