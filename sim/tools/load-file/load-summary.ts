import type { LoadRow } from "@bourse/engine/scenario/load-row";

/** A load in a few numbers. */
export interface LoadTotals {
  readonly rows: number;
  readonly jobs: number;
  readonly tasks: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** When the last task would end that does; with unlimited capacity, as all the peaks. */
  readonly endMs: number;
  /** Tasks that run until the run is over. */
  readonly endless: number;
  readonly peakTasks: number;
  readonly peakCpus: number;
  readonly peakMemMib: number;
  /** Tasks that arrive within one second of the clock, at most. */
  readonly busiestSecondTasks: number;
  /** Core-seconds of all that end. */
  readonly cpuSeconds: number;
}

/**
 * Adds up a load row by row, in order of arrival, as if capacity were unlimited. Holds only what runs at the time: a
 * heap of ends in typed arrays.
 */
export class LoadSummary {
  readonly #heap = new EndHeap();
  readonly #jobs = new Set<string>();
  #jobless = 0;
  #rows = 0;
  #tasks = 0;
  #endless = 0;
  #firstMs = 0;
  #lastMs = 0;
  #endMs = 0;
  #live = 0;
  #cpuMilli = 0;
  #memMilli = 0;
  #peakTasks = 0;
  #peakCpuMilli = 0;
  #peakMemMilli = 0;
  #second = -1;
  #secondTasks = 0;
  #busiest = 0;
  #cpuSeconds = 0;

  add(row: LoadRow): void {
    let cpus = 0;
    let mem = 0;
    for (const { name, milli } of row.amounts) {
      if (name === "cpus") cpus = milli;
      else if (name === "mem") mem = milli;
    }
    const { atMs, count, runMs } = row;
    while (this.#heap.size > 0 && this.#heap.firstMs <= atMs) this.#end();
    this.#live += count;
    this.#cpuMilli += count * cpus;
    this.#memMilli += count * mem;
    this.#peakTasks = Math.max(this.#peakTasks, this.#live);
    this.#peakCpuMilli = Math.max(this.#peakCpuMilli, this.#cpuMilli);
    this.#peakMemMilli = Math.max(this.#peakMemMilli, this.#memMilli);
    if (runMs === Infinity) this.#endless += count;
    else {
      this.#heap.push(atMs + runMs, count, count * cpus, count * mem);
      this.#endMs = Math.max(this.#endMs, atMs + runMs);
      this.#cpuSeconds += ((cpus / 1_000) * count * runMs) / 1_000;
    }
    if (this.#rows === 0) this.#firstMs = atMs;
    this.#rows++;
    this.#tasks += count;
    this.#lastMs = atMs;
    if (row.job === "") this.#jobless++;
    else this.#jobs.add(row.job);
    const second = Math.floor(atMs / 1_000);
    this.#secondTasks = second === this.#second ? this.#secondTasks + count : count;
    this.#second = second;
    this.#busiest = Math.max(this.#busiest, this.#secondTasks);
  }

  totals(): LoadTotals {
    return {
      rows: this.#rows,
      jobs: this.#jobs.size + this.#jobless,
      tasks: this.#tasks,
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      endMs: Math.max(this.#endMs, this.#lastMs),
      endless: this.#endless,
      peakTasks: this.#peakTasks,
      peakCpus: this.#peakCpuMilli / 1_000,
      peakMemMib: this.#peakMemMilli / 1_000,
      busiestSecondTasks: this.#busiest,
      cpuSeconds: this.#cpuSeconds,
    };
  }

  #end(): void {
    const ended = this.#heap.pop();
    this.#live -= ended.count;
    this.#cpuMilli -= ended.cpuMilli;
    this.#memMilli -= ended.memMilli;
  }
}

/** A binary heap of ends, earliest first, in columns that double. */
class EndHeap {
  size = 0;
  #atMs = new Float64Array(1_024);
  #entry = new Uint32Array(1_024);
  #columns = new Float64Array(3 * 1_024);
  #free: number[] = [];
  #entries = 0;

  get firstMs(): number {
    return this.#atMs[0] ?? Infinity;
  }

  push(atMs: number, count: number, cpuMilli: number, memMilli: number): void {
    const entry = this.#free.pop() ?? this.#entries++;
    if (this.size === this.#atMs.length || entry * 3 >= this.#columns.length) this.#grow();
    this.#columns[entry * 3] = count;
    this.#columns[entry * 3 + 1] = cpuMilli;
    this.#columns[entry * 3 + 2] = memMilli;
    let index = this.size++;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if ((this.#atMs[parent] ?? 0) <= atMs) break;
      this.#move(parent, index);
      index = parent;
    }
    this.#atMs[index] = atMs;
    this.#entry[index] = entry;
  }

  pop(): { count: number; cpuMilli: number; memMilli: number } {
    const entry = this.#entry[0] ?? 0;
    this.#free.push(entry);
    this.size--;
    const lastMs = this.#atMs[this.size] ?? 0;
    const lastEntry = this.#entry[this.size] ?? 0;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && (this.#atMs[child + 1] ?? 0) < (this.#atMs[child] ?? 0)) child++;
      if ((this.#atMs[child] ?? 0) >= lastMs) break;
      this.#move(child, index);
      index = child;
    }
    this.#atMs[index] = lastMs;
    this.#entry[index] = lastEntry;
    return {
      count: this.#columns[entry * 3] ?? 0,
      cpuMilli: this.#columns[entry * 3 + 1] ?? 0,
      memMilli: this.#columns[entry * 3 + 2] ?? 0,
    };
  }

  #move(from: number, to: number): void {
    this.#atMs[to] = this.#atMs[from] ?? 0;
    this.#entry[to] = this.#entry[from] ?? 0;
  }

  #grow(): void {
    const atMs = new Float64Array(this.#atMs.length * 2);
    const entry = new Uint32Array(this.#entry.length * 2);
    const columns = new Float64Array(this.#columns.length * 2);
    atMs.set(this.#atMs);
    entry.set(this.#entry);
    columns.set(this.#columns);
    this.#atMs = atMs;
    this.#entry = entry;
    this.#columns = columns;
  }
}
