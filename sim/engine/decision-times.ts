import type { Effects } from "@bourse/cluster/effects";
import type { ClusterInput } from "@bourse/cluster/inputs";
import type { Now } from "@bourse/model/now";
import { Histogram } from "./histogram.ts";

/**
 * How long the master's core takes for one input, by kind. `allocateOne` is the end of a drained batch at which some
 * agents' resources were offered again, `allocateAll` the periodic run over all of them.
 */
export class DecisionTimes {
  readonly accept = new Histogram();
  readonly update = new Histogram();
  readonly allocateOne = new Histogram();
  readonly allocateAll = new Histogram();
  /** Of all inputs, in nanoseconds. */
  totalNs = 0;
  readonly #stopwatch: () => number;
  readonly #allocationIntervalMs: number;
  #allocateAllAtMs = 0;

  constructor(stopwatch: () => number, allocationIntervalMs: number) {
    this.#stopwatch = stopwatch;
    this.#allocationIntervalMs = allocationIntervalMs;
  }

  /** Counts in nanoseconds. */
  time(now: Now, input: ClusterInput, apply: () => Effects): Effects {
    const startNs = this.#stopwatch();
    const effects = apply();
    const tookNs = this.#stopwatch() - startNs;
    this.totalNs += tookNs;
    this.#kindOf(now, input, effects)?.add(tookNs);
    return effects;
  }

  #kindOf(now: Now, input: ClusterInput, effects: Effects): Histogram | null {
    switch (input.kind) {
      case "framework-call":
        return input.call.kind === "accept" ? this.accept : null;
      case "agent-message":
        return input.message.kind === "update" ? this.update : null;
      case "batch-end":
        return makesOffers(effects) ? this.allocateOne : null;
      case "wake":
        if (now.monoMs < this.#allocateAllAtMs) return null; // A ping, a heartbeat, an offer's time.
        this.#allocateAllAtMs = now.monoMs + this.#allocationIntervalMs;
        return this.allocateAll;
      default:
        return null;
    }
  }
}

function makesOffers(effects: Effects): boolean {
  return effects.send.some(({ to }) => to === "framework");
}
