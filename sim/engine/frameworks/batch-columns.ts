import { assert } from "@bourse/model/assert";
import type { TaskId } from "@bourse/model/ids";
import { amountIn } from "@bourse/model/quota";
import type { Random } from "@bourse/model/random";
import { canonical, type Resources, scalar } from "@bourse/model/resources";
import type { BatchSpec } from "../scenario/scenario.ts";

/** Tasks of one size and one wish. A load has few of them and many tasks. */
export interface TaskClass {
  /** As a task names them, but for what it wants of GPU devices. */
  readonly resources: Resources;
  /** Thousandths by scalar of the load: what `resources` says, as a column. */
  readonly demand: Float64Array;
  /** Whole GPUs: of the scalar `gpus`, or of an agent that shares its GPUs as many devices that are all free. */
  readonly gpuCount: number;
  /** Thousandths of one device; 0 = no part of one. */
  readonly gpuMilli: number;
  readonly gpuModels: readonly string[] | null;
}

export type ColumnsSpec = Pick<BatchSpec, "load" | "failures" | "isClosedLoop">;

/** An attempt that fails although it would run for ever does so within a minute. */
const CRASH_WITHIN_MS = 60_000;

/**
 * A load as columns: tasks are numbered 0, 1, 2, ... in their order of arrival, row by row. Nothing here ever changes,
 * so that all lives of a framework share one. Four bytes a task, some tens a row.
 */
export class BatchColumns {
  readonly taskCount: number;
  readonly rowCount: number;
  /** Arrival of each row; in a closed loop the pause before it. */
  readonly atMs: Float64Array;
  /** The first task of each row, and at the end the number of tasks. */
  readonly first: Uint32Array;
  readonly rowOf: Uint32Array;
  readonly classOfRow: Uint32Array;
  readonly classes: readonly TaskClass[];
  /** What the columns of `demand` and of a space are. */
  readonly scalarNames: readonly string[];
  readonly hasGpus: boolean;
  readonly hasGpuModels: boolean;
  readonly #runMs: Float64Array;
  readonly #failures: number;
  readonly #random: Random;

  /** `random` decides which attempts fail; nothing draws from it, so the answer depends on the task alone. */
  constructor({ load, failures, isClosedLoop }: ColumnsSpec, random: Random) {
    this.rowCount = load.length;
    this.atMs = new Float64Array(load.length);
    this.first = new Uint32Array(load.length + 1);
    this.classOfRow = new Uint32Array(load.length);
    this.#runMs = new Float64Array(load.length);
    this.#failures = failures;
    this.#random = random;
    const builder = new ClassBuilder(load);
    for (let row = 0; row < load.length; row++) {
      const { atMs, count, runMs } = load[row] as BatchSpec["load"][number];
      assert(Number.isInteger(count) && count > 0, `row ${row} of a load has whole tasks`);
      assert(atMs >= 0 && runMs >= 0, `row ${row} of a load arrives and runs in time`);
      const isInOrder = row === 0 || isClosedLoop || atMs >= (this.atMs[row - 1] as number);
      assert(isInOrder, `row ${row} of a load arrives after the one before`);
      this.atMs[row] = atMs;
      this.#runMs[row] = runMs;
      this.first[row + 1] = (this.first[row] as number) + count;
      this.classOfRow[row] = builder.classOf(row);
    }
    this.taskCount = this.first[load.length] as number;
    this.rowOf = new Uint32Array(this.taskCount);
    for (let row = 0; row < load.length; row++) {
      this.rowOf.fill(row, this.first[row], this.first[row + 1]);
    }
    this.classes = builder.classes;
    this.scalarNames = builder.scalarNames;
    this.hasGpus = builder.classes.some(({ gpuCount, gpuMilli }) => gpuCount > 0 || gpuMilli > 0);
    this.hasGpuModels = builder.classes.some(({ gpuModels }) => gpuModels !== null);
  }

  classOf(index: number): number {
    return this.classOfRow[this.rowOf[index] as number] as number;
  }

  /** How long an attempt runs and how it ends: the same whenever and however often it is asked. */
  planOf(taskId: TaskId): { readonly runMs: number; readonly exitCode: number } {
    const { index } = parseTaskId(taskId);
    const runMs = this.#runMs[this.rowOf[index] as number] as number;
    if (this.#failures === 0) return { runMs, exitCode: 0 };
    const random = this.#random.fork(taskId);
    if (!random.chance(this.#failures)) return { runMs, exitCode: 0 };
    const within = Math.min(runMs, Number.isFinite(runMs) ? runMs : CRASH_WITHIN_MS);
    return { runMs: Math.floor(random.fraction() * within), exitCode: 1 };
  }
}

/** `t7` is the first attempt of task 7, `t7.2` its third. */
export function taskIdOf(index: number, attempt: number): TaskId {
  return attempt === 0 ? `t${index}` : `t${index}.${attempt}`;
}

export function parseTaskId(taskId: TaskId): { readonly index: number; readonly attempt: number } {
  const dot = taskId.indexOf(".");
  const index = Number(dot < 0 ? taskId.slice(1) : taskId.slice(1, dot));
  assert(Number.isInteger(index) && index >= 0, `task ${taskId} is one of this load`);
  return { index, attempt: dot < 0 ? 0 : Number(taskId.slice(dot + 1)) };
}

/** What of GPUs tasks have in common: 0 = they want none, 1 = a part of one, n + 1 = n whole ones. */
export function gpuKind({ gpuCount, gpuMilli }: TaskClass): number {
  if (gpuMilli > 0) return 1;
  return gpuCount === 0 ? 0 : gpuCount + 1;
}

/** Gives equal rows the same class. */
class ClassBuilder {
  readonly scalarNames: readonly string[];
  readonly classes: TaskClass[] = [];
  readonly #load: BatchSpec["load"];
  readonly #known = new Map<string, number>();

  constructor(load: BatchSpec["load"]) {
    this.#load = load;
    const names = new Set<string>();
    for (const { amounts } of load) for (const { name } of amounts) names.add(name);
    names.delete("gpus");
    this.scalarNames = Array.from(names).sort();
  }

  classOf(row: number): number {
    const { amounts, gpuMilli, gpuModels } = this.#load[row] as BatchSpec["load"][number];
    const key = JSON.stringify([amounts, gpuMilli ?? 0, gpuModels ?? null]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const gpusMilli = amountIn(amounts, "gpus") ?? 0;
    assert(gpusMilli % 1_000 === 0, `row ${row} of a load wants whole gpus, or gpuMilli of one`);
    const scalars = amounts.filter(({ name }) => name !== "gpus");
    const demand = this.scalarNames.map((name) => amountIn(scalars, name) ?? 0);
    assert(
      demand.every((milli) => milli >= 0),
      `row ${row} of a load wants no less than nothing`,
    );
    this.classes.push({
      resources: canonical(scalars.map(({ name, milli }) => scalar(name, milli))),
      demand: Float64Array.from(demand),
      gpuCount: gpusMilli / 1_000,
      gpuMilli: gpuMilli ?? 0,
      gpuModels: gpuModels === undefined || gpuModels.length === 0 ? null : gpuModels,
    });
    this.#known.set(key, this.classes.length - 1);
    return this.classes.length - 1;
  }
}
