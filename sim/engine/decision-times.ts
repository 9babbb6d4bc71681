import type { Effects } from "@bourse/cluster/effects";
import type { ClusterInput } from "@bourse/cluster/inputs";
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

  constructor(stopwatch: () => number) {
    this.#stopwatch = stopwatch;
  }

  /** Counts in nanoseconds. */
  time(input: ClusterInput, apply: () => Effects): Effects {
    const startNs = this.#stopwatch();
    const effects = apply();
    const tookNs = this.#stopwatch() - startNs;
    this.totalNs += tookNs;
    this.#kindOf(input, effects)?.add(tookNs);
    return effects;
  }

  #kindOf(input: ClusterInput, effects: Effects): Histogram | null {
    switch (input.kind) {
      case "framework-call":
        return input.call.kind === "accept" ? this.accept : null;
      case "agent-message":
        return input.message.kind === "update" ? this.update : null;
      case "batch-end":
        return makesOffers(effects) ? this.allocateOne : null;
      case "wake":
        return makesOffers(effects) ? this.allocateAll : null;
      default:
        return null;
    }
  }
}

function makesOffers(effects: Effects): boolean {
  return effects.send.some(({ to }) => to === "framework");
}
