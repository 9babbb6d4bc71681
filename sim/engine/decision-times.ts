import type { Allocator } from "@bourse/allocator/allocator";
import type { Effects } from "@bourse/cluster/effects";
import type { ClusterInput } from "@bourse/cluster/inputs";
import type { Now } from "@bourse/model/now";
import { Histogram } from "./histogram.ts";

/** As many agents as the end of one batch frees in a cluster that is not standing still: a launch, a task's end. */
export const FEW_AGENTS = 16;

/** Where the master's core is at the moment; it may die and come back as another. */
export interface DecidingMaster {
  readonly cluster: { readonly state: { readonly allocator: Allocator } } | null;
}

/**
 * How long the master's core takes for one input, by kind. Runs of the allocator count by what they were, not by what
 * set them off:
 *
 * - `allocateOne`: at the end of a batch, over at most `FEW_AGENTS` agents of which something became free, while somebody
 *   wanted offers;
 * - `allocateAll`: the periodic run, and each run over more agents. After a framework has subscribed or revived that is
 *   all agents with something free, however few offers it asks for.
 *
 * A batch whose end finds nothing free, or nobody who wants it, is no run of either kind; its time is in `totalNs`.
 */
export class DecisionTimes {
  readonly accept = new Histogram();
  readonly update = new Histogram();
  readonly allocateOne = new Histogram();
  readonly allocateAll = new Histogram();
  /** Of all inputs, in nanoseconds. */
  totalNs = 0;
  readonly #stopwatch: () => number;
  readonly #master: DecidingMaster;

  constructor(stopwatch: () => number, master: DecidingMaster) {
    this.#stopwatch = stopwatch;
    this.#master = master;
  }

  /** Counts in nanoseconds. */
  time(_now: Now, input: ClusterInput, apply: () => Effects): Effects {
    const mayRun = input.kind === "batch-end" || input.kind === "wake";
    const runBefore = mayRun ? this.#lastRun?.number : undefined;
    const startNs = this.#stopwatch();
    const effects = apply();
    const tookNs = this.#stopwatch() - startNs;
    this.totalNs += tookNs;
    const kind = mayRun ? this.#kindOfRun(input.kind, runBefore) : this.#kindOf(input);
    if (kind !== null) kind.add(tookNs);
    return effects;
  }

  #kindOf(input: ClusterInput): Histogram | null {
    if (input.kind === "agent-message") return input.message.kind === "update" ? this.update : null;
    if (input.kind === "framework-call") return input.call.kind === "accept" ? this.accept : null;
    return null;
  }

  #kindOfRun(input: "batch-end" | "wake", runBefore: number | undefined): Histogram | null {
    const run = this.#lastRun;
    if (run === undefined || run.number === runBefore) return null; // A ping, a heartbeat, an offer's time.
    if (input === "wake") return this.allocateAll;
    if (run.takers === 0 || run.agents === 0) return null;
    return run.agents <= FEW_AGENTS ? this.allocateOne : this.allocateAll;
  }

  get #lastRun() {
    return this.#master.cluster?.state.allocator.lastRun;
  }
}
