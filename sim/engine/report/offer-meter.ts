import type { Effects } from "@bourse/cluster/effects";
import type { ClusterInput } from "@bourse/cluster/inputs";
import type { OfferId } from "@bourse/model/ids";
import type { FrameworkCall } from "@bourse/model/scheduler";
import type { OfferTotals, RunSeries } from "./run-report.ts";
import { Counter, type TimeGrid } from "./time-grid.ts";

/**
 * Counts offers by what becomes of them, from what enters and leaves the master, and the tasks that accepts launch.
 * What is taken back because a timer of the master ran out has expired, unless that timer gave up a machine, which is
 * written down.
 */
export class OfferMeter {
  readonly #grid: TimeGrid;
  readonly #made: Counter;
  readonly #accepted: Counter;
  readonly #declined: Counter;
  readonly #rescinded: Counter;
  readonly #expired: Counter;
  readonly launched: Counter;

  constructor(grid: TimeGrid) {
    const counter = (): Counter => grid.add(new Counter(grid.rows));
    this.#grid = grid;
    this.#made = counter();
    this.#accepted = counter();
    this.#declined = counter();
    this.#rescinded = counter();
    this.#expired = counter();
    this.launched = counter();
  }

  /** A call that the master is about to decide on. `open`: offers that are out; an answer to another says nothing. */
  answered(call: FrameworkCall, open: ReadonlyMap<OfferId, unknown>): void {
    const row = this.#grid.closed;
    if (call.kind === "accept") {
      this.#accepted.add(row, countOpen(call.offerIds, open));
      for (const operation of call.operations)
        if (operation.kind === "launch") this.launched.add(row, operation.tasks.length);
    } else if (call.kind === "decline") this.#declined.add(row, countOpen(call.offerIds, open));
  }

  decided(input: ClusterInput, effects: Effects): void {
    const row = this.#grid.closed;
    const { send } = effects;
    for (let index = 0; index < send.length; index++) {
      const sending = send[index]!;
      if (sending.to !== "framework") continue;
      const { event } = sending;
      if (event.kind === "offers") this.#made.add(row, event.offers.length);
      else if (event.kind === "rescind") {
        const isExpired = input.kind === "wake" && effects.persist.length === 0;
        (isExpired ? this.#expired : this.#rescinded).add(row, 1);
      }
    }
  }

  totals(): OfferTotals {
    return {
      made: this.#made.total,
      accepted: this.#accepted.total,
      declined: this.#declined.total,
      rescinded: this.#rescinded.total,
      expired: this.#expired.total,
    };
  }

  series(rows: number): RunSeries["offers"] {
    const column = ({ values }: Counter): readonly number[] => Array.from(values.subarray(0, rows));
    return {
      made: column(this.#made),
      accepted: column(this.#accepted),
      declined: column(this.#declined),
      rescinded: column(this.#rescinded),
      expired: column(this.#expired),
    };
  }
}

function countOpen(offerIds: readonly OfferId[], open: ReadonlyMap<OfferId, unknown>): number {
  let count = 0;
  for (let index = 0; index < offerIds.length; index++) if (open.has(offerIds[index]!)) count += 1;
  return count;
}
