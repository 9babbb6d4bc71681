import { LOAD_MS_MAX } from "../load-file/load-columns.ts";
import { readDistribution, readNumber, refusal } from "./distribution-text.ts";
import type {
  Arrivals,
  Distribution,
  GeneratorSpec,
  StageSpec,
  StreamSpec,
} from "./generator-spec.ts";
import { PRESETS } from "./presets.ts";
import { CPUS, GPUS, MEMORY, readMs, TASKS, TIME } from "./units.ts";

/**
 * A generated load as people write it: as flags of `bourse sim gen`, and as the `generate` section of a scenario
 * file. Either one stream, or `streams`, or a `preset`. All may be left out; GENERATOR_DEFAULTS says what holds then.
 */
export interface GeneratorText extends StreamText {
  readonly preset?: string;
  /** Jobs arrive from 0 until then: `1h`. */
  readonly duration?: string | number;
  readonly streams?: readonly StreamText[];
  /** Only this one of the streams: what different roles or frameworks run comes from loads of their own. */
  readonly stream?: string;
}

/** One stream of jobs; a job with `stages` takes its tasks from them instead. Numbers are as their texts. */
export interface StreamText extends StageText {
  readonly name?: string;
  /** Jobs in a time: `20/s`. */
  readonly rate?: string;
  /** Instead of a rate: so many, anywhere in the duration. */
  readonly jobs?: string | number;
  /** `poisson`, `even`, `uniform`, `bursts:PERIOD,BURST[,SHARE]` or `diurnal:PERIOD,SWING`. */
  readonly arrivals?: string;
  readonly stages?: readonly StageText[];
}

/** Laws as `readDistribution` reads them. */
export interface StageText {
  readonly tasks?: string | number;
  readonly cpus?: string | number;
  /** With `/cpu` behind it: for each core. */
  readonly mem?: string | number;
  readonly disk?: string | number;
  readonly gpus?: string | number;
  readonly run?: string | number;
  /** Each task of a job draws its own time to run. */
  readonly ownRuns?: boolean;
}

export const GENERATOR_DEFAULTS = {
  duration: "1h",
  rate: "1/s",
  arrivals: "poisson",
  tasks: "1",
  cpus: "0.1..1",
  mem: "64MiB..1GiB",
  disk: "0",
  gpus: "0",
  run: "lognormal:60s,1",
} as const;

/** Throws `invalid_call` whose message begins with `where` and the field. */
export function readGenerator(text: GeneratorText, where = ""): GeneratorSpec {
  if (text.preset !== undefined) return readPreset(text, text.preset, where);
  const durationText = String(text.duration ?? GENERATOR_DEFAULTS.duration);
  const durationMs = readMs(durationText);
  if (!(durationMs > 0)) {
    throw refusal(
      `${named(where, "duration")}: ${JSON.stringify(durationText)} is no duration`,
      "write a time above 0 like 30s, 10m, 1h, 7d",
    );
  }
  const streams = text.streams ?? [text];
  if (streams.length < 1 || streams.length > STREAMS_MAX) {
    throw refusal(`${named(where, "streams")}: there are ${streams.length}`, `1 to ${STREAMS_MAX}`);
  }
  const specs = streams.map((stream, index) => {
    const place = text.streams === undefined ? where : named(where, `streams[${index}]`);
    return readStream(stream, streams.length === 1 ? "job" : `stream-${index + 1}`, place);
  });
  const twice = specs.find(({ name }, index) => specs.findIndex((s) => s.name === name) !== index);
  if (twice !== undefined) {
    throw refusal(
      `${named(where, "streams")}: two streams are called ${JSON.stringify(twice.name)}`,
      "names keep their chance apart: give each its own",
    );
  }
  return { durationMs, streams: chosen(specs, text.stream, where) };
}

/** Each stream has chance of its own, so one by itself is what it is among the others. */
function chosen(
  specs: readonly StreamSpec[],
  name: string | undefined,
  where: string,
): readonly StreamSpec[] {
  if (name === undefined) return specs;
  const found = specs.filter((spec) => spec.name === name);
  if (found.length > 0) return found;
  throw refusal(
    `${named(where, "stream")}: there is no stream ${JSON.stringify(name)}`,
    `take one of ${specs.map((spec) => spec.name).join(", ")}`,
  );
}

const STREAMS_MAX = 1_000;
const STAGES_MAX = 100;

const BESIDE_PRESET = ["preset", "duration", "stream"];

/** What is said beside a preset replaces what it says for all of its streams. */
function readPreset(text: GeneratorText, name: string, where: string): GeneratorSpec {
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (preset === undefined) {
    throw refusal(
      `${named(where, "preset")}: there is no ${JSON.stringify(name)}`,
      `take one of ${Object.keys(PRESETS).join(", ")}`,
    );
  }
  const beside = Object.keys(text).filter((key) => !BESIDE_PRESET.includes(key));
  if (beside.length > 0) {
    throw refusal(
      `${named(where, beside[0] ?? "")}: a preset says this already`,
      `beside a preset only ${BESIDE_PRESET.slice(1).join(" and ")} may be said`,
    );
  }
  const { preset: _, ...changes } = text;
  return readGenerator({ ...preset.text, ...changes }, where);
}

function readStream(text: StreamText, defaultName: string, where: string): StreamSpec {
  const name = text.name ?? defaultName;
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name)) {
    throw refusal(
      `${named(where, "name")}: ${JSON.stringify(name)} is no name`,
      "letters, digits and _ . -, at most 64",
    );
  }
  const stages = text.stages ?? [text];
  if (stages.length < 1 || stages.length > STAGES_MAX) {
    throw refusal(`${named(where, "stages")}: there are ${stages.length}`, `1 to ${STAGES_MAX}`);
  }
  return {
    name,
    arrivals: readArrivals(text, where),
    stages: stages.map((stage, index) =>
      readStage(stage, text.stages === undefined ? where : named(where, `stages[${index}]`)),
    ),
  };
}

function readArrivals(text: StreamText, where: string): Arrivals {
  if (text.jobs !== undefined) {
    if (text.rate !== undefined || text.arrivals !== undefined) {
      throw refusal(
        `${named(where, "jobs")}: a number of jobs excludes a rate and a process of arrivals`,
        "say either how many jobs there are in all, or at what rate they come",
      );
    }
    const jobs = readNumber(String(text.jobs), 1, 5_000_000, "the number", named(where, "jobs"));
    if (Number.isInteger(jobs)) return { kind: "scatter", jobs };
    throw refusal(`${named(where, "jobs")}: ${jobs} is not whole`, "write a whole number");
  }
  const meanGapMs = readRate(text.rate ?? GENERATOR_DEFAULTS.rate, named(where, "rate"));
  const process = String(text.arrivals ?? GENERATOR_DEFAULTS.arrivals).trim();
  const [kind = "", args = ""] = process.split(":", 2);
  if (process === "poisson" || process === "even" || process === "uniform") {
    return { kind: process, meanGapMs };
  }
  const field = named(where, "arrivals");
  const [periodText = "", second = "", third, ...rest] = args.split(",");
  const periodMs = readMs(periodText);
  if (kind === "bursts" && rest.length === 0) {
    const burstMs = readMs(second);
    if (periodMs > 0 && burstMs > 0 && burstMs < periodMs) {
      const share = readNumber(third ?? "1", 0, 1, "SHARE", field);
      return { kind, meanGapMs, periodMs, burstMs, share };
    }
  }
  if (kind === "diurnal" && third === undefined && periodMs > 0) {
    return { kind, meanGapMs, periodMs, swing: readNumber(second, 0, 1, "SWING", field) };
  }
  throw refusal(
    `${field}: ${JSON.stringify(process)} is no process of arrivals`,
    "write poisson, even, uniform, bursts:10m,30s (every 10 minutes for 30 s; a third part says what share of the jobs, else 1) or diurnal:24h,0.5",
  );
}

/** Mean milliseconds from one job to the next. */
function readRate(text: string, where: string): number {
  const [, count = "", unit = ""] = /^([\d.]+)\s*\/\s*(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const perUnit = /^\d{1,9}(\.\d{1,9})?$/.test(count) ? Number(count) : Number.NaN;
  const gapMs = readMs(`1${unit}`) / perUnit;
  if (gapMs >= 0.0001 && gapMs <= LOAD_MS_MAX) return gapMs;
  throw refusal(
    `${where}: ${JSON.stringify(text)} is no rate`,
    "write jobs in a time, above 0, like 20/s, 3/m, 0.5/h",
  );
}

function readStage(text: StageText, where: string): StageSpec {
  const law = (field: keyof typeof UNITS): Distribution => {
    const value = String(text[field] ?? GENERATOR_DEFAULTS[field]);
    return readDistribution(value, UNITS[field], named(where, field));
  };
  const memText = String(text.mem ?? GENERATOR_DEFAULTS.mem).trim();
  const isMemPerCpu = memText.endsWith("/cpu");
  const stage: StageSpec = {
    tasks: law("tasks"),
    cpus: law("cpus"),
    memMib: readDistribution(memText.replace(/\/cpu$/, ""), MEMORY, named(where, "mem")),
    isMemPerCpu,
    diskMib: law("disk"),
    gpus: law("gpus"),
    runMs: law("run"),
    hasOwnRuns: text.ownRuns ?? false,
  };
  if (![stage.cpus, stage.memMib, stage.diskMib, stage.gpus].some(isAboveZero)) {
    throw refusal(`${named(where, "cpus")}: the tasks take nothing at all`, "--cpus 0.5");
  }
  return stage;
}

const UNITS = { tasks: TASKS, cpus: CPUS, disk: MEMORY, gpus: GPUS, run: TIME } as const;

/** Whether every draw is above 0. */
function isAboveZero(law: Distribution): boolean {
  switch (law.kind) {
    case "constant":
      return law.value > 0;
    case "uniform":
      return law.from > 0;
    case "choice":
      return law.of.every(({ value, weight }) => value > 0 || weight === 0);
    case "exponential":
      return law.mean > 0 && law.max > 0;
    case "lognormal":
      return law.median > 0 && law.max > 0;
    case "power-law":
    case "geometric":
      return true;
  }
}

function named(where: string, field: string): string {
  return where === "" ? field : `${where}.${field}`;
}
