import type { HeatMap } from "./run-report.ts";
import { type GridColumn, TimeGrid } from "./time-grid.ts";

const GROUPS_MAX = 200;
const OFFLINE = -1;

/** How full agents were over time: a row for each agent or, with more than 200, for equal groups of neighbours. */
export class HeatColumns {
  readonly groupOf: Int32Array;
  readonly #grid: TimeGrid;
  readonly #groups: number;
  readonly #sizes: Int32Array;
  readonly #labels: readonly string[];
  /** [column * groups + group]. */
  readonly #percent: SumByGroup;
  readonly #connected: SumByGroup;
  readonly #looks: SumByGroup;

  constructor(agents: readonly { readonly name: string }[], columns: number, stepMs: number) {
    const size = Math.max(1, Math.ceil(agents.length / GROUPS_MAX));
    this.#groups = Math.ceil(agents.length / size);
    this.groupOf = Int32Array.from(agents, (_, index) => Math.floor(index / size));
    this.#sizes = new Int32Array(this.#groups);
    for (const group of this.groupOf) this.#sizes[group]! += 1;
    this.#labels = Array.from({ length: this.#groups }, (_, group) => {
      const first = agents[group * size]!.name;
      const last = agents[Math.min(agents.length, (group + 1) * size) - 1]!.name;
      return first === last ? first : `${first} to ${last}`;
    });
    this.#grid = new TimeGrid(columns, stepMs);
    this.#percent = this.#grid.add(new SumByGroup(columns, this.#groups));
    this.#connected = this.#grid.add(new SumByGroup(columns, this.#groups));
    this.#looks = this.#grid.add(new SumByGroup(columns, 1));
  }

  /** One look at the cluster: `agent` for each that is connected, then `done`. */
  agent(index: number, percent: number): void {
    const at = this.#grid.closed * this.#groups + this.groupOf[index]!;
    this.#percent.values[at]! += percent;
    this.#connected.values[at]! += 1;
  }

  done(): void {
    this.#looks.values[this.#grid.closed]! += 1;
  }

  /** To be called before a look at `nowMs`. */
  advance(nowMs: number): void {
    while (nowMs > this.#grid.endMs) this.#grid.close();
  }

  report(nowMs: number): HeatMap {
    const atMs = this.#groups === 0 ? [] : this.#grid.endsUntil(nowMs);
    return {
      agents: this.#labels,
      atMs,
      percent: this.#labels.map((_, group) => this.#rowOf(group, atMs.length)),
    };
  }

  /** A column without a look of its own is like the one before. */
  #rowOf(group: number, columns: number): readonly number[] {
    let before = OFFLINE;
    return Array.from({ length: columns }, (_, column) => {
      const looks = this.#looks.values[column]!;
      if (looks === 0) return before;
      const at = column * this.#groups + group;
      const connected = this.#connected.values[at]!;
      // Of a group, or of a column that was several: what most of them were.
      const isOffline = connected === 0 || connected * 2 < looks * this.#sizes[group]!;
      before = isOffline ? OFFLINE : Math.round(this.#percent.values[at]! / connected);
      return before;
    });
  }
}

class SumByGroup implements GridColumn {
  readonly values: Float64Array;
  readonly #columns: number;
  readonly #groups: number;

  constructor(columns: number, groups: number) {
    this.#columns = columns;
    this.#groups = groups;
    this.values = new Float64Array(columns * groups);
  }

  halve(): void {
    const half = this.#columns / 2;
    const groups = this.#groups;
    for (let column = 0; column < half; column++)
      for (let group = 0; group < groups; group++)
        this.values[column * groups + group] =
          this.values[2 * column * groups + group]! +
          this.values[(2 * column + 1) * groups + group]!;
    this.values.fill(0, half * groups);
  }
}
