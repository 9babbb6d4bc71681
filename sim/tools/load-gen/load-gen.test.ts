import { RollingHash } from "@bourse/model/hash";
import { Random } from "@bourse/model/random";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { LoadSummary } from "../load-file/load-summary.ts";
import { arrivalTimes } from "./arrival-times.ts";
import { drawOf, exponential, normal } from "./draw.ts";
import { exactExp, exactLn, exactWave } from "./exact-math.ts";
import { generateLoad } from "./generate-load.ts";
import { GENERATOR_SCHEMA } from "./generator-schema.ts";
import type { Arrivals, Distribution } from "./generator-spec.ts";
import { type GeneratorText, readGenerator } from "./generator-text.ts";
import { PRESETS } from "./presets.ts";

const DRAWS = 20_000;

function sample(distribution: Distribution, draws = DRAWS): readonly number[] {
  const draw = drawOf(distribution, Random.fromSeed(`law-${distribution.kind}`));
  return Array.from({ length: draws }, draw);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The largest distance between the sample's distribution and the law's (Kolmogorov-Smirnov). */
function distance(values: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.reduce((worst, x, index) => {
    const law = cdf(x);
    const above = (index + 1) / sorted.length - law;
    return Math.max(worst, above, law - index / sorted.length);
  }, 0);
}

/** A right sample is further away once in 10^12 seeds: 2 exp(-2 * 3.8^2) is below that. */
const TOLERATED = 3.8 / Math.sqrt(DRAWS);

const normalCdf = (z: number): number => {
  // Abramowitz and Stegun 7.1.26, within 1.5e-7.
  const t = 1 / (1 + (0.3275911 * Math.abs(z)) / Math.SQRT2);
  const series = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const tail = series.reduce((sum, factor) => (sum + factor) * t, 0) * Math.exp((-z * z) / 2);
  return z > 0 ? 1 - tail / 2 : tail / 2;
};

describe("arithmetic that is the same on every machine", () => {
  test("agrees with that of the engine", () => {
    for (let x = -700; x <= 700; x += 0.37) {
      expect(Math.abs(exactExp(x) / Math.exp(x) - 1)).toBeLessThan(1e-12);
      expect(exactLn(exactExp(x))).toBeCloseTo(x, 9);
    }
    for (const x of [1e-300, 1e-9, 0.5, 0.999999, 1.000001, 2, 10, 12345.678, 1e300])
      expect(Math.abs(exactLn(x) - Math.log(x))).toBeLessThanOrEqual(
        1e-15 + 1e-14 * Math.abs(Math.log(x)),
      );
    for (let turns = -2; turns <= 2; turns += 0.0117)
      expect(exactWave(turns)).toBeCloseTo(Math.sin(2 * Math.PI * turns), 11);
  });

  test("has ends", () => {
    expect([exactExp(0), exactExp(800), exactExp(-800)]).toEqual([1, Infinity, 0]);
    expect([exactLn(1), exactLn(0), exactLn(Infinity), exactLn(-1)]).toEqual([
      0,
      -Infinity,
      Infinity,
      Number.NaN,
    ]);
  });
});

describe("laws", () => {
  test("an exponential of mean 1, without a logarithm", () => {
    const random = Random.fromSeed("exponential");
    const values = Array.from({ length: DRAWS }, () => exponential(random));
    expect(distance(values, (x) => 1 - Math.exp(-x))).toBeLessThan(TOLERATED);
    expect(mean(values)).toBeCloseTo(1, 1);
  });

  test("a standard normal, without a root", () => {
    const random = Random.fromSeed("normal");
    const values = Array.from({ length: DRAWS }, () => normal(random));
    expect(distance(values, normalCdf)).toBeLessThan(TOLERATED);
    expect(mean(values.map((z) => z * z))).toBeCloseTo(1, 1);
  });

  test("uniform", () => {
    const values = sample({ kind: "uniform", from: 2, to: 5 });
    expect(distance(values, (x) => (x - 2) / 3)).toBeLessThan(TOLERATED);
  });

  test("lognormal by its median and the spread of its logarithm", () => {
    const values = sample({ kind: "lognormal", median: 60, sigma: 2, max: Infinity });
    expect(distance(values, (x) => normalCdf(Math.log(x / 60) / 2))).toBeLessThan(TOLERATED);
    expect(values.some((x) => x > 6_000)).toBe(true); // The 99th percentile is 60 e^(2 * 2.33).
  });

  test("power law between its ends", () => {
    const law = { kind: "power-law", exponent: 2, from: 1, to: 1_000 } as const;
    const whole = 1 - 1 / 1_000;
    expect(distance(sample(law), (x) => (1 - 1 / x) / whole)).toBeLessThan(TOLERATED);
    expect(new Set(sample({ ...law, to: 1 }, 10))).toEqual(new Set([1]));
  });

  test("geometric by its mean", () => {
    const values = sample({ kind: "geometric", mean: 10, max: Infinity });
    expect(mean(values)).toBeCloseTo(10, 0);
    expect(values.every((n) => Number.isInteger(n) && n >= 1)).toBe(true);
    const ones = values.filter((n) => n === 1).length / DRAWS;
    expect(ones).toBeCloseTo(0.1, 2);
    expect(new Set(sample({ kind: "geometric", mean: 1, max: 9 }, 10))).toEqual(new Set([1]));
  });

  test("a choice by weights", () => {
    const of = [
      { value: 1, weight: 60 },
      { value: 7, weight: 0 },
      { value: 4, weight: 20 },
    ];
    const values = sample({ kind: "choice", of });
    expect(values.filter((x) => x === 1).length / DRAWS).toBeCloseTo(0.75, 1);
    expect(new Set(values)).toEqual(new Set([1, 4]));
  });

  test("what is above the end counts as the end", () => {
    const laws: readonly Distribution[] = [
      { kind: "exponential", mean: 60, max: 61 },
      { kind: "lognormal", median: 60, sigma: 2, max: 61 },
      { kind: "geometric", mean: 60, max: 61 },
    ];
    for (const law of laws) {
      const values = sample(law, 1_000);
      expect(Math.max(...values)).toBe(61);
      expect(Math.min(...values)).toBeLessThan(60);
    }
  });
});

test("draws are the same to the bit everywhere: golden values", () => {
  const first = (law: Distribution): readonly number[] => sample(law, 3);
  expect(first({ kind: "exponential", mean: 1, max: Infinity })).toEqual(GOLDEN.exponential);
  expect(first({ kind: "lognormal", median: 60, sigma: 2, max: 1e9 })).toEqual(GOLDEN.lognormal);
  expect(first({ kind: "power-law", exponent: 1.8, from: 1, to: 1_000 })).toEqual(GOLDEN.powerLaw);
  expect([exactExp(1.5), exactLn(1.5), exactWave(0.1)]).toEqual(GOLDEN.functions);
});

const GOLDEN = {
  exponential: [0.51442616363056, 0.7106621144339442, 0.12488343846052885],
  lognormal: [24.043155022421, 86.9944607912378, 7669.558161375445],
  powerLaw: [18.783603407519664, 4.446916492958878, 11.733439584068023],
  functions: [4.4816890703380645, 0.4054651081081644, 0.5877852522924731],
};

describe("arrivals", () => {
  const HOUR = 3_600_000;
  const times = (arrivals: Arrivals, durationMs = HOUR): readonly number[] =>
    Array.from(arrivalTimes(arrivals, durationMs, Random.fromSeed("arrivals")));
  const within = (list: readonly number[], from: number, to: number): number =>
    list.filter((atMs) => atMs >= from && atMs < to).length;

  test.each<[Arrivals, number]>([
    [{ kind: "poisson", meanGapMs: 100 }, 36_000],
    [{ kind: "uniform", meanGapMs: 100 }, 36_000],
    [{ kind: "even", meanGapMs: 100 }, 36_000],
    [{ kind: "scatter", jobs: 36_000 }, 36_000],
    [{ kind: "bursts", meanGapMs: 100, periodMs: 600_000, burstMs: 30_000, share: 0.8 }, 36_000],
    [{ kind: "diurnal", meanGapMs: 100, periodMs: HOUR, swing: 0.5 }, 36_000],
  ])("%o come at their rate, in order, within the duration", (arrivals, expected) => {
    const list = times(arrivals);
    expect(Math.abs(list.length / expected - 1)).toBeLessThan(0.03);
    expect(list.every((atMs, index) => index === 0 || atMs >= (list[index - 1] ?? 0))).toBe(true);
    expect(list.every((atMs) => atMs >= 0 && atMs < HOUR)).toBe(true);
  });

  test("even ones are exactly one gap apart, also the last of many", () => {
    const list = times({ kind: "even", meanGapMs: 1_000 / 3 });
    expect(list).toHaveLength(10_800);
    expect(list[3]).toBe(1_000);
    expect(list[9_000]).toBe(3_000_000);
  });

  test("poisson gaps are exponential", () => {
    const list = times({ kind: "poisson", meanGapMs: 100 });
    const gaps = list.slice(1).map((atMs, index) => atMs - (list[index] ?? 0));
    const tolerated = 3.8 / Math.sqrt(gaps.length);
    expect(distance(gaps, (x) => 1 - Math.exp(-x / 100))).toBeLessThan(tolerated);
  });

  test("a burst has its share of each period", () => {
    const list = times({
      kind: "bursts",
      meanGapMs: 100,
      periodMs: 600_000,
      burstMs: 30_000,
      share: 0.8,
    });
    const inBursts = list.filter((atMs) => atMs % 600_000 < 30_000).length;
    expect(inBursts / list.length).toBeCloseTo(0.8, 1);
    const all = times({ ...BURSTS, share: 1 });
    expect(all.every((atMs) => atMs % 600_000 < 30_000)).toBe(true);
    const none = times({ ...BURSTS, share: 0 });
    expect(none.every((atMs) => atMs % 600_000 >= 30_000)).toBe(true);
  });
  const BURSTS = { kind: "bursts", meanGapMs: 100, periodMs: 600_000, burstMs: 30_000 } as const;

  test("the day is busier than the night", () => {
    const list = times({ kind: "diurnal", meanGapMs: 100, periodMs: HOUR, swing: 0.5 });
    const day = within(list, 0, HOUR / 2);
    // Of a half wave the mean is 2 / pi: (1 + 0.3183) to (1 - 0.3183).
    expect(day / (list.length - day)).toBeCloseTo(1.3183 / 0.6817, 1);
  });
});

describe("a generated load", () => {
  const mixed: GeneratorText = {
    duration: "20m",
    streams: [
      { name: "web", rate: "1/s", arrivals: "diurnal:10m,0.9", gpus: "0:9,0.25:1", run: "forever" },
      {
        name: "batch",
        rate: "30/m",
        arrivals: "bursts:5m,10s,0.5",
        tasks: "power:1.8,1..500",
        mem: "1GiB..4GiB/cpu",
        disk: "lognormal:1GiB,1,64GiB",
        run: "exponential:90s",
        ownRuns: true,
      },
      {
        name: "two-stages",
        jobs: 50,
        stages: [
          { tasks: "geometric:20", run: "10s..20s" },
          { tasks: 2, run: "lognormal:60s,2" },
        ],
      },
    ],
  };

  test("is the same to the bit for the same seed: golden values", () => {
    const rows = generateLoad(readGenerator(mixed), "7");
    const hash = new RollingHash();
    for (const row of rows) hash.add(row.runMs === Infinity ? { ...row, runMs: -1 } : row);
    expect({ rows: rows.length, hash: hash.digest() }).toEqual({
      rows: 7_520,
      hash: "a50967d0221b0a87",
    });
    expect(generateLoad(readGenerator(mixed), "7")).toEqual(rows);
    expect(generateLoad(readGenerator(mixed), "8")).not.toEqual(rows);
  });

  test("is in order of arrival, and every task takes something", () => {
    const rows = generateLoad(readGenerator(mixed), "1");
    expect(rows.every(({ atMs }, i) => i === 0 || atMs >= (rows[i - 1]?.atMs ?? 0))).toBe(true);
    for (const { amounts, count, atMs } of rows) {
      expect(amounts.length).toBeGreaterThan(0);
      expect(amounts.map(({ name }) => name)).toEqual(amounts.map(({ name }) => name).sort());
      expect(Number.isInteger(atMs) && count >= 1).toBe(true);
    }
  });

  test("one stream more changes nothing about the others", () => {
    const all = generateLoad(readGenerator(mixed), "7");
    const [, batch] = mixed.streams ?? [];
    const alone = generateLoad(readGenerator({ ...mixed, streams: [batch ?? {}] }), "7");
    expect(all.filter(({ job }) => job.startsWith("batch-"))).toEqual(alone);
  });

  test("one stream of a mix by itself is what it is among the others", () => {
    const mix = { preset: "omega", duration: "30m" };
    const shapes = (text: GeneratorText): readonly string[] =>
      generateLoad(readGenerator(text), "7").map(({ job: _, ...row }) => JSON.stringify(row));
    const batch = shapes({ ...mix, stream: "batch" });
    const service = shapes({ ...mix, stream: "service" });
    expect([batch.length, service.length].every((length) => length > 0)).toBe(true);
    expect([...batch, ...service].sort()).toEqual([...shapes(mix)].sort());
  });

  test("a part of a GPU is no whole one", () => {
    const rows = generateLoad(readGenerator({ duration: "1m", gpus: "0.25:1,2:1" }), "1");
    for (const { amounts, gpuMilli } of rows) {
      const whole = amounts.find(({ name }) => name === "gpus")?.milli;
      expect([gpuMilli, whole]).toContainEqual(gpuMilli === undefined ? 2_000 : 250);
      expect(gpuMilli === undefined).toBe(whole !== undefined);
    }
  });

  test("memory for each core", () => {
    const rows = generateLoad(readGenerator({ duration: "1m", cpus: "2", mem: "1.5GiB/cpu" }), "1");
    expect(rows[0]?.amounts).toEqual([
      { name: "cpus", milli: 2_000 },
      { name: "mem", milli: 3_072_000 },
    ]);
  });

  test("the second stage comes when the first could be over, and never after one that never ends", () => {
    const stages = [
      { tasks: 3, run: "10s" },
      { tasks: 1, run: "5s" },
    ];
    const rows = generateLoad(readGenerator({ duration: "1h", jobs: 1, stages }), "1");
    expect(rows.map(({ count, job }) => [count, job])).toEqual([
      [3, "job-1"],
      [1, "job-1"],
    ]);
    expect((rows[1]?.atMs ?? 0) - (rows[0]?.atMs ?? 0)).toBe(10_000);
    const endless = [{ run: "forever" }, { run: "5s" }];
    expect(generateLoad(readGenerator({ jobs: 1, stages: endless }), "1")).toHaveLength(1);
  });

  test("one that is too large is refused before it takes the memory", () => {
    const spec = readGenerator({ duration: "30d", rate: "900/ms", tasks: 1_000_000 });
    expect(() => generateLoad(spec, "1")).toThrow(/more than 5000000 rows or 50000000 tasks/);
  });

  test("far too many jobs are refused before any is drawn", () => {
    const spec = readGenerator({ duration: "365d", rate: "1000/s" });
    const beganMs = performance.now();
    expect(() => generateLoad(spec, "1")).toThrow(/more than 5000000 rows/);
    expect(performance.now() - beganMs).toBeLessThan(500);
  });
});

describe("presets", () => {
  test.each(Object.keys(PRESETS))("%s is a load", (preset) => {
    const rows = generateLoad(readGenerator({ preset, duration: "10m" }), "1");
    expect(rows.length).toBeGreaterThan(0);
  });

  test("the job mix of the Mesos paper: 100 jobs by numbers of maps and reduces (CASES M10)", () => {
    const rows = generateLoad(readGenerator({ preset: "facebook-hadoop" }), "1");
    const jobs = new Map<string, number[]>();
    for (const { job, count } of rows) jobs.set(job, [...(jobs.get(job) ?? []), count]);
    const mix = new Map<string, number>();
    for (const counts of jobs.values())
      mix.set(counts.join("/"), (mix.get(counts.join("/")) ?? 0) + 1);
    expect(Object.fromEntries(mix)).toEqual({
      "1": 38,
      "2": 18,
      "10/2": 14,
      "50": 12,
      "100/10": 6,
      "200": 6,
      "400": 4,
      "400/30": 2,
    });
    expect(rows.filter(({ job }) => job !== "").every(({ atMs }) => atMs < 25 * 60_000 + 600_000));
    const runs = rows.map(({ runMs }) => runMs).sort((a, b) => a - b);
    expect((runs[runs.length >> 1] ?? 0) / 23_000).toBeCloseTo(1, 0);
  });

  test("Omega's mix: 80 % of batch jobs are below 16 minutes and 5.5 s apart (CASES section 5)", () => {
    const rows = generateLoad(readGenerator({ preset: "omega", duration: "12h" }), "1");
    const isBatch = (runMs: number): boolean => runMs < 85 * 3_600_000;
    const batch = rows.filter(({ runMs }) => isBatch(runMs));
    const gaps = batch.slice(1).map(({ atMs }, index) => atMs - (batch[index]?.atMs ?? 0));
    const below = (values: readonly number[], limit: number): number =>
      values.filter((value) => value < limit).length / values.length;
    expect(below(gaps, 5_500)).toBeCloseTo(0.8, 1);
    expect(
      below(
        batch.map(({ runMs }) => runMs),
        960_000,
      ),
    ).toBeCloseTo(0.8, 1);
    expect(mean(batch.map(({ count }) => count)) / 100).toBeCloseTo(1, 0);
  });
});

describe("the text of a generator", () => {
  test("says of itself what is left out", () => {
    expect(readGenerator({})).toMatchObject({
      durationMs: 3_600_000,
      streams: [{ name: "job", arrivals: { kind: "poisson", meanGapMs: 1_000 } }],
    });
  });

  test.each<[GeneratorText, string]>([
    [{ duration: "long" }, 'duration: "long" is no duration'],
    [{ duration: "0s" }, 'duration: "0s" is no duration'],
    [{ rate: "20" }, 'rate: "20" is no rate'],
    [{ rate: "0/s" }, 'rate: "0/s" is no rate'],
    [{ rate: "-1/s" }, 'rate: "-1/s" is no rate'],
    [{ arrivals: "often" }, 'arrivals: "often" is no process of arrivals'],
    [{ arrivals: "bursts:10s,20s" }, 'arrivals: "bursts:10s,20s" is no process'],
    [{ arrivals: "bursts:10s,2s,3" }, 'arrivals: SHARE is "3"'],
    [{ arrivals: "diurnal:24h,2" }, 'arrivals: SWING is "2"'],
    [{ jobs: 5, rate: "1/s" }, "jobs: a number of jobs excludes a rate"],
    [{ jobs: 1.5 }, "jobs: 1.5 is not whole"],
    [{ cpus: "-1" }, 'cpus: "-1" is not allowed'],
    [{ cpus: "1..0.5" }, "cpus: 1..0.5 does not go upwards"],
    [{ cpus: "1..2..3" }, 'cpus: "1..2..3" is not allowed'],
    [{ cpus: "0", mem: "0", disk: "0" }, "cpus: the tasks take nothing at all"],
    [{ cpus: "0:1,1:1", mem: "0" }, "cpus: the tasks take nothing at all"],
    [{ mem: "1GB" }, 'mem: "1GB" is not allowed'],
    [{ mem: "normal:1GiB" }, 'mem: "normal" is no law'],
    [{ run: "lognormal:60s" }, "run: it takes lognormal:MEDIAN,SIGMA"],
    [{ run: "lognormal:60s,x" }, 'run: SIGMA is "x"'],
    [{ run: "exponential:forever" }, "run: a law has no forever in it"],
    [{ run: "10s..forever" }, "run: 10s..forever does not go upwards to an end"],
    [{ run: "60s:0,10s:0" }, "run: all weights are 0"],
    [{ run: "60s:1,10s" }, 'run: "10s" is not written value:weight'],
    [{ tasks: "power:2,0..5" }, 'tasks: "0" is not allowed'],
    [{ tasks: 0 }, 'tasks: "0" is not allowed'],
    [{ name: "a b" }, 'name: "a b" is no name'],
    [{ streams: [] }, "streams: there are 0"],
    [{ streams: [{ name: "a" }, { name: "a" }] }, 'streams: two streams are called "a"'],
    [{ streams: [{}, { cpus: "x" }] }, 'streams[1].cpus: "x" is not allowed'],
    [{ stages: [{}, { run: "x" }] }, 'stages[1].run: "x" is not allowed'],
    [{ preset: "borg" }, 'preset: there is no "borg"'],
    [{ preset: "omega", cpus: "1" }, "cpus: a preset says this already"],
    [{ preset: "omega", stream: "web" }, 'stream: there is no stream "web"'],
  ])("%j is refused", (text, message) => {
    expect(() => readGenerator(text)).toThrow(
      expect.objectContaining({
        code: "invalid_call",
        message: expect.stringContaining(message),
        hint: expect.any(String),
      }),
    );
  });

  test("the place is named before the field", () => {
    expect(() => readGenerator({ cpus: "x" }, "frameworks[0].load.generate")).toThrow(
      /^frameworks\[0\]\.load\.generate\.cpus: /,
    );
  });

  test("its schema takes what can be read, and knows the fields", () => {
    const isValid = new Ajv({ strict: false }).compile(GENERATOR_SCHEMA);
    for (const { text } of Object.values(PRESETS)) expect(isValid(text)).toBe(true);
    expect(isValid({ streams: [{ rates: "1/s" }] })).toBe(false);
    expect(isValid({ preset: "borg" })).toBe(false);
  });
});

describe("a load in a few numbers", () => {
  test("peaks with unlimited capacity: what ends at an instant is over when the next arrives", () => {
    const summary = new LoadSummary();
    const amounts = [
      { name: "cpus", milli: 500 },
      { name: "mem", milli: 64_000 },
    ];
    const rows = [
      { atMs: 0, count: 10, runMs: 1_000, job: "a", amounts },
      { atMs: 500, count: 1, runMs: Infinity, job: "", amounts },
      { atMs: 1_000, count: 4, runMs: 100, job: "a", amounts },
      { atMs: 9_000, count: 2, runMs: 0, job: "b", amounts },
    ];
    for (const row of rows) summary.add(row);
    expect(summary.totals()).toEqual({
      rows: 4,
      jobs: 3,
      tasks: 17,
      firstMs: 0,
      lastMs: 9_000,
      endMs: 9_000,
      endless: 1,
      peakTasks: 11,
      peakCpus: 5.5,
      peakMemMib: 704,
      busiestSecondTasks: 11,
      cpuSeconds: 5 + 0.2,
    });
  });

  test("agrees with adding up every instant, over a generated load", () => {
    const rows = generateLoad(readGenerator({ duration: "5m", rate: "5/s", tasks: "1..9" }), "3");
    const summary = new LoadSummary();
    for (const row of rows) summary.add(row);
    const peak = Math.max(
      ...rows.map(({ atMs }) =>
        rows.reduce(
          (sum, row) => sum + (row.atMs <= atMs && row.atMs + row.runMs > atMs ? row.count : 0),
          0,
        ),
      ),
    );
    expect(summary.totals().peakTasks).toBe(peak);
  });
});
