import { assert } from "@bourse/model/assert";
import type { Random } from "@bourse/model/random";
import { FAULT_KINDS, type Fault, type FaultKind } from "../scenario/fault.ts";
import { FAULTS } from "./fault-table.ts";

/** How often and how long things go wrong. Times in milliseconds. */
export interface RandomFaultOptions {
  /** The first comes after it, the last before `untilMs`. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Between one fault and the next, on average. */
  readonly everyMs: number;
  /** The longest that one lasts. */
  readonly lastMaxMs: number;
  /** Which may come up; absent = all. */
  readonly kinds?: readonly FaultKind[];
}

/** Faults of the given kinds, each as often as the table says. */
export function randomFaults(random: Random, options: RandomFaultOptions): Fault[] {
  const { fromMs, untilMs, everyMs, lastMaxMs, kinds = FAULT_KINDS } = options;
  assert(everyMs > 0 && lastMaxMs > 0, "faults come after a while and last a while");
  const faults: Fault[] = [];
  if (kinds.length === 0) return faults;
  let atMs = fromMs + 1 + random.below(2 * everyMs);
  while (atMs < untilMs) {
    const kind = pickByWeight(kinds, random);
    faults.push({ atMs, kind, seed: random.uint32(), lastMs: 1 + random.below(lastMaxMs) });
    atMs += 1 + random.below(2 * everyMs);
  }
  return faults;
}

function pickByWeight(kinds: readonly FaultKind[], random: Random): FaultKind {
  let left = random.fraction() * kinds.reduce((sum, kind) => sum + FAULTS[kind].weight, 0);
  for (const kind of kinds) {
    left -= FAULTS[kind].weight;
    if (left < 0) return kind;
  }
  return random.pick(kinds);
}
