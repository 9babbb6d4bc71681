import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { ClusterError } from "@bourse/model/errors";
import type { Amount } from "@bourse/model/quota";
import { Random } from "@bourse/model/random";
import { LOAD_MS_MAX, LOAD_ROWS_MAX, LOAD_TASKS_MAX } from "../load-file/load-columns.ts";
import { arrivalTimes } from "./arrival-times.ts";
import { type Draw, drawOf } from "./draw.ts";
import type { Arrivals, GeneratorSpec, StageSpec, StreamSpec } from "./generator-spec.ts";

/**
 * The rows of a load, in order of arrival. Bit for bit the same for the same spec and seed, on every machine and
 * version of Node: chance is `Random`, laws are exact-math and von Neumann's methods. Throws `invalid_call` when there
 * would be more rows or tasks than a load may have.
 */
export function generateLoad(spec: GeneratorSpec, seed: string): readonly LoadRow[] {
  const random = Random.fromSeed(seed).fork("load");
  const size = { rows: 0, tasks: 0 };
  const rows: LoadRow[] = [];
  // Twice as many jobs as rows may be are never few enough: said before hours of drawing, not after.
  if (spec.streams.some(({ arrivals }) => jobsOf(arrivals, spec.durationMs) > 2 * LOAD_ROWS_MAX))
    throw tooLarge();
  for (const stream of spec.streams) {
    const isNamed = spec.streams.length > 1;
    for (const row of streamRows(stream, spec.durationMs, isNamed, random.fork(stream.name))) {
      size.rows++;
      size.tasks += row.count;
      if (size.rows > LOAD_ROWS_MAX || size.tasks > LOAD_TASKS_MAX) throw tooLarge();
      rows.push(row);
    }
  }
  // Stable: what arrives in the same millisecond keeps the order of streams and jobs.
  return rows.sort((a, b) => a.atMs - b.atMs);
}

/** On average. */
function jobsOf(arrivals: Arrivals, durationMs: number): number {
  return arrivals.kind === "scatter" ? arrivals.jobs : durationMs / arrivals.meanGapMs;
}

/** Jobs of one stream, one row each, need no names. */
function* streamRows(
  stream: StreamSpec,
  durationMs: number,
  isOneOfMany: boolean,
  random: Random,
): Generator<LoadRow> {
  const stages = stream.stages.map(
    (stage, index) => new Stage(stage, random.fork(`stage-${index}`)),
  );
  const isNamed =
    isOneOfMany || stages.length > 1 || stream.stages.some(({ hasOwnRuns }) => hasOwnRuns);
  let jobs = 0;
  for (const arrivedMs of arrivalTimes(stream.arrivals, durationMs, random.fork("arrivals"))) {
    jobs++;
    const job = isNamed ? `${stream.name}-${jobs}` : "";
    let atMs = Math.floor(arrivedMs);
    for (const stage of stages) {
      let longestMs = 0;
      for (const row of stage.rows(atMs, job)) {
        longestMs = Math.max(longestMs, row.runMs);
        yield row;
      }
      atMs += longestMs;
      if (!(atMs <= LOAD_MS_MAX)) break; // What comes after a stage that never ends never comes.
    }
  }
}

/** The tasks of one stage, job after job. Every law has chance of its own: changing one changes nothing else. */
class Stage {
  readonly #spec: StageSpec;
  readonly #tasks: Draw;
  readonly #cpus: Draw;
  readonly #mem: Draw;
  readonly #disk: Draw;
  readonly #gpus: Draw;
  readonly #run: Draw;
  readonly #amounts = new Map<string, readonly Amount[]>();

  constructor(spec: StageSpec, random: Random) {
    this.#spec = spec;
    this.#tasks = drawOf(spec.tasks, random.fork("tasks"));
    this.#cpus = drawOf(spec.cpus, random.fork("cpus"));
    this.#mem = drawOf(spec.memMib, random.fork("mem"));
    this.#disk = drawOf(spec.diskMib, random.fork("disk"));
    this.#gpus = drawOf(spec.gpus, random.fork("gpus"));
    this.#run = drawOf(spec.runMs, random.fork("run"));
  }

  *rows(atMs: number, job: string): Generator<LoadRow> {
    const tasks = Math.max(1, Math.floor(this.#tasks()));
    const cpus = this.#cpus();
    const memMib = this.#mem() * (this.#spec.isMemPerCpu ? cpus : 1);
    const diskMib = this.#disk();
    const gpus = this.#gpus();
    const gpuMilli = gpus > 0 && gpus < 1 ? Math.max(1, Math.round(gpus * 1_000)) : 0;
    const amounts = this.#interned(
      positive(cpus, 1_000, 1),
      positive(diskMib, 1, 1_000),
      gpuMilli > 0 ? 0 : Math.round(gpus) * 1_000,
      positive(memMib, 1, 1_000),
    );
    const part = gpuMilli === 0 ? {} : { gpuMilli };
    if (!this.#spec.hasOwnRuns) {
      yield { atMs, count: tasks, amounts, runMs: this.#runMs(), job, ...part };
      return;
    }
    for (let task = 0; task < tasks; task++)
      yield { atMs, count: 1, amounts, runMs: this.#runMs(), job, ...part };
  }

  #runMs(): number {
    const drawn = this.#run();
    return drawn === Infinity ? Infinity : Math.min(LOAD_MS_MAX, Math.round(drawn));
  }

  /** In thousandths. Equal ones are one list, as in a load that was read. */
  #interned(cpus: number, disk: number, gpus: number, mem: number): readonly Amount[] {
    const key = `${cpus} ${disk} ${gpus} ${mem}`;
    const known = this.#amounts.get(key);
    if (known !== undefined) return known;
    const amounts = [
      { name: "cpus", milli: cpus },
      { name: "disk", milli: disk },
      { name: "gpus", milli: gpus },
      { name: "mem", milli: mem },
    ].filter(({ milli }) => milli > 0);
    if (this.#amounts.size < INTERNED_MAX) this.#amounts.set(key, amounts);
    return amounts;
  }
}

const INTERNED_MAX = 100_000;

/** `value * steps`, rounded, times `milli`; what is drawn above 0 does not round to nothing. */
function positive(value: number, steps: number, milli: number): number {
  return value > 0 ? Math.max(1, Math.round(value * steps)) * milli : 0;
}

function tooLarge(): ClusterError {
  return new ClusterError(
    "invalid_call",
    `the load would have more than ${LOAD_ROWS_MAX} rows or ${LOAD_TASKS_MAX} tasks`,
    { hint: "lower the rate or the duration, or make larger jobs of alike tasks" },
  );
}
