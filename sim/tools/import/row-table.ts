import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { ClusterError } from "@bourse/model/errors";
import type { Amount } from "@bourse/model/quota";
import type { Random } from "@bourse/model/random";
import { LOAD_ROWS_MAX, LOAD_TASKS_MAX } from "../load-file/load-columns.ts";

/** What tasks of a shape have in common. */
type Shape = Pick<LoadRow, "amounts" | "gpuMilli" | "gpuModels">;

/**
 * Rows in any order, as columns: some 30 bytes each, however large the trace is that they come from. Read out in order
 * of arrival, equal neighbours as one row.
 */
export class RowTable {
  size = 0;
  tasks = 0;
  #atMs = new Float64Array(1_024);
  #runMs = new Float64Array(1_024);
  #count = new Uint32Array(1_024);
  #shape = new Uint32Array(1_024);
  #job = new Uint32Array(1_024);
  readonly #shapes: Shape[] = [];
  readonly #shapeOf = new Map<string, number>();
  readonly #jobs: string[] = [];
  readonly #jobOf = new Map<string, number>();

  add({ atMs, count, runMs, job, ...shape }: LoadRow): void {
    this.tasks += count;
    if (this.size === LOAD_ROWS_MAX || this.tasks > LOAD_TASKS_MAX) throw tooLarge();
    if (this.size === this.#atMs.length) this.#grow();
    const row = this.size++;
    this.#atMs[row] = atMs;
    this.#runMs[row] = runMs;
    this.#count[row] = count;
    this.#shape[row] = this.#shapeIndex(shape);
    this.#job[row] = interned(job, this.#jobs, this.#jobOf);
  }

  /** Puts the rows into an order drawn by `random`; the times of arrival stay where they are. */
  shuffle(random: Random): void {
    this.#order((a, b) => this.#byTime(a, b));
    const order = random.shuffle(Array.from({ length: this.size }, (_, index) => index));
    const times = this.#atMs.slice(0, this.size);
    this.#permute(Uint32Array.from(order));
    this.#atMs.set(times);
  }

  /** The n-th task arrives at n times `everyMs`: rows of many tasks become rows of one. */
  *spaced(everyMs: number): Generator<LoadRow> {
    let arrived = 0;
    for (const row of this.rows()) {
      for (let task = 0; task < row.count; task++)
        yield { ...row, count: 1, atMs: Math.round(arrived++ * everyMs) };
    }
  }

  /** In order of arrival; what arrives together stays in the order in which it was added. */
  *rows(): Generator<LoadRow> {
    this.#order((a, b) => this.#byTime(a, b));
    for (let row = 0; row < this.size; ) {
      let count = this.#count[row] ?? 0;
      let next = row + 1;
      while (next < this.size && this.#isAlike(row, next)) count += this.#count[next++] ?? 0;
      yield this.#row(row, count);
      row = next;
    }
  }

  #row(row: number, count: number): LoadRow {
    return {
      atMs: this.#atMs[row] ?? 0,
      count,
      runMs: this.#runMs[row] ?? 0,
      job: this.#jobs[this.#job[row] ?? 0] ?? "",
      ...(this.#shapes[this.#shape[row] ?? 0] as Shape),
    };
  }

  /** Rows without a job are jobs of their own: those stay apart. */
  #isAlike(a: number, b: number): boolean {
    return (
      this.#atMs[a] === this.#atMs[b] &&
      this.#job[a] === this.#job[b] &&
      this.#shape[a] === this.#shape[b] &&
      this.#runMs[a] === this.#runMs[b] &&
      this.#jobs[this.#job[a] ?? 0] !== ""
    );
  }

  #byTime(a: number, b: number): number {
    return (this.#atMs[a] ?? 0) - (this.#atMs[b] ?? 0) || a - b;
  }

  #order(compare: (a: number, b: number) => number): void {
    let isOrdered = true;
    for (let row = 1; row < this.size && isOrdered; row++) isOrdered = compare(row - 1, row) <= 0;
    if (isOrdered) return;
    const order = new Uint32Array(this.size);
    for (let row = 0; row < this.size; row++) order[row] = row;
    this.#permute(order.sort(compare));
  }

  #permute(order: Uint32Array): void {
    this.#atMs = permuted(this.#atMs, order, new Float64Array(this.#atMs.length));
    this.#runMs = permuted(this.#runMs, order, new Float64Array(this.#atMs.length));
    this.#count = permuted(this.#count, order, new Uint32Array(this.#atMs.length));
    this.#shape = permuted(this.#shape, order, new Uint32Array(this.#atMs.length));
    this.#job = permuted(this.#job, order, new Uint32Array(this.#atMs.length));
  }

  #shapeIndex(shape: Shape): number {
    const key = `${amountsKey(shape.amounts)}/${shape.gpuMilli ?? 0}/${shape.gpuModels?.join("|") ?? ""}`;
    const known = this.#shapeOf.get(key);
    if (known !== undefined) return known;
    this.#shapeOf.set(key, this.#shapes.length);
    return this.#shapes.push(shape) - 1;
  }

  #grow(): void {
    const length = this.size * 2;
    this.#atMs = grown(this.#atMs, new Float64Array(length));
    this.#runMs = grown(this.#runMs, new Float64Array(length));
    this.#count = grown(this.#count, new Uint32Array(length));
    this.#shape = grown(this.#shape, new Uint32Array(length));
    this.#job = grown(this.#job, new Uint32Array(length));
  }
}

function amountsKey(amounts: readonly Amount[]): string {
  let key = "";
  for (const { name, milli } of amounts) key += `${name}:${milli};`;
  return key;
}

function interned(text: string, list: string[], indexOf: Map<string, number>): number {
  const known = indexOf.get(text);
  if (known !== undefined) return known;
  indexOf.set(text, list.length);
  return list.push(text) - 1;
}

function permuted<T extends Float64Array | Uint32Array>(from: T, order: Uint32Array, to: T): T {
  for (let row = 0; row < order.length; row++) to[row] = from[order[row] ?? 0] ?? 0;
  return to;
}

function grown<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from as never);
  return to;
}

function tooLarge(): ClusterError {
  return new ClusterError(
    "invalid_call",
    `the load would have more than ${LOAD_ROWS_MAX} rows or ${LOAD_TASKS_MAX} tasks`,
    { hint: "take a part of the trace: --sample 0.1, or --from and --until" },
  );
}
