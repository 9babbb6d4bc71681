import { parseResources } from "@bourse/model/resources-text";
import { describe, expect, test } from "vitest";
import { scheduleFaults } from "../faults/schedule-faults.ts";
import { RunHash } from "../run-hash.ts";
import { buildWorld, startWorld } from "../scenario/build-world.ts";
import {
  AGENT_GROUP_DEFAULTS,
  BATCH_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  SCENARIO_DEFAULTS,
} from "../scenario/defaults.ts";
import type { LoadRow } from "../scenario/load-row.ts";
import type { FrameworkSpec, PolicySpec, Scenario } from "../scenario/scenario.ts";
import type { World } from "../world.ts";
import { Recorder } from "./recorder.ts";
import type { RunReport } from "./run-report.ts";

const scenario: Scenario = {
  ...SCENARIO_DEFAULTS,
  name: "recorded",
  agents: [
    {
      ...AGENT_GROUP_DEFAULTS,
      name: "a",
      count: 4,
      resources: parseResources("cpus:4;mem:8192;disk:10000;ports:[31000-31099]"),
    },
  ],
  frameworks: [spec("big", rows(10, 1_000)), spec("small", rows(20, 100))],
};

describe("a report", () => {
  test("counts every task once, and how long it waited", () => {
    const { report } = run(scenario, 20_000);
    expect(report.tasks).toEqual({
      submitted: 30,
      placed: 30,
      running: 30,
      finished: 0,
      failed: 0,
      retries: 0,
    });
    const { submitToOffered, submitToAccepted, submitToRunning } = report.latencyMs;
    expect(submitToRunning.count).toBe(30);
    expect(submitToOffered.p50).toBeGreaterThan(0);
    expect(submitToAccepted.p99).toBeGreaterThanOrEqual(submitToOffered.p99);
    // A container takes 200 to 800 ms to start.
    expect(submitToRunning.p50).toBeGreaterThan(submitToAccepted.p50 + 190);
    expect(sum(report.series.launched)).toBe(30);
  });

  test("says what tasks hold: of the cluster, of each role, of each agent", () => {
    const { report } = run(scenario, 20_000);
    const { used, shares } = report.series;
    expect(report.scenario.capacity).toEqual({
      cpus: 16_000,
      disk: 40_000_000,
      mem: 32_768_000,
    });
    expect(used.cpus?.at(-1)).toBe(0.75); // 10 + 20 * 0.1 of 16.
    expect(used.disk?.at(-1)).toBe(0);
    expect(Object.keys(shares)).toEqual(["big", "small"]); // The largest first.
    expect(shares.big?.at(-1)).toBe(0.625);
    expect(shares.small?.at(-1)).toBe(0.125);
    const full = report.heat.percent.map((row) => row.at(-1) ?? 0);
    expect(report.heat.agents).toEqual(["a-1", "a-2", "a-3", "a-4"]);
    expect(sum(full)).toBeCloseTo(4 * 75, -1);
    expect(used.cpus?.at(0)).toBe(0);
  });

  test("tells what operators did to whom by name, also when the framework is gone by then", () => {
    const begun = begin(scenario);
    begun.world.simulation.runUntil(5_000);
    const { master } = begun.world;
    const { agents, frameworks } = master.cluster!.state;
    const [agentId, frameworkId] = [[...agents.keys()][0]!, [...frameworks.keys()][0]!];
    const name = agents.get(agentId)?.info.hostname;
    master.operate({ kind: "deactivate-agent", agentId });
    master.operate({ kind: "teardown-framework", frameworkId });
    begun.world.simulation.runUntil(6_000);
    expect(begun.recorder.report(END).timeline.map(({ text }) => text)).toEqual([
      `deactivate-agent ${name}`,
      expect.stringMatching(/^teardown-framework (big|small)$/),
    ]);
  });

  test("says what part of what is free a typical task cannot use", () => {
    // Three tasks of 1.5 cpus leave 1 of 4 cpus that nobody can use on each agent that has two.
    const frameworks = [spec("b", rows(8, 1_500))];
    const { report } = run({ ...scenario, frameworks }, 20_000);
    expect(report.series.used.cpus?.at(-1)).toBe(0.75);
    expect(report.series.fragmentation.cpus?.at(-1)).toBe(1);
    expect(report.series.fragmentation.cpus?.at(0)).toBe(0);
  });

  test("a GPU that is shared is fragmented where what is left of it is too little", () => {
    const agents = [
      {
        ...AGENT_GROUP_DEFAULTS,
        name: "g",
        count: 1,
        resources: parseResources("cpus:16;gpu0:1;gpu1:1"),
      },
    ];
    const row = { atMs: 1_000, amounts: [{ name: "cpus", milli: 1_000 }], job: "" };
    const forever = Number.POSITIVE_INFINITY;
    const load = [
      { ...row, count: 2, gpuMilli: 700, runMs: forever },
      { ...row, atMs: 60_000, count: 100, gpuMilli: 500, runMs: forever },
    ];
    const policy: PolicySpec = { ...BATCH_DEFAULTS, load };
    const { report } = run({ ...scenario, agents, frameworks: [spec("g", policy)] }, 20_000);
    expect(report.scenario.capacity).toEqual({ cpus: 16_000, gpus: 2_000 });
    expect(report.series.used.gpus?.at(-1)).toBe(0.7);
    // 300 thousandths are left of each: the typical task, of 500, fits on neither, and so its cpus are of no use.
    expect(report.series.fragmentation).toMatchObject({ cpus: expect.any(Array) });
    expect(report.series.fragmentation.gpus?.at(-1)).toBe(1);
    expect(report.series.fragmentation.cpus?.at(-1)).toBe(1);
    expect(report.series.fragmentation.gpus?.at(0)).toBe(0);
    expect(report.heat.percent[0]?.at(-1)).toBe(70);
  });

  test("a role that is below its share and gets nothing is unserved for so long (N-02)", () => {
    // Nothing is left to offer: neither cpus nor memory.
    const whole = [
      { name: "cpus", milli: 1_000 },
      { name: "mem", milli: 2_048_000 },
    ];
    const all = rows(16, 1_000) as Extract<PolicySpec, { kind: "batch" }>;
    const policy = { ...all, load: all.load.map((row) => ({ ...row, amounts: whole })) };
    const late = { ...spec("late", rows(8, 1_000)), startAtMs: 10_000 };
    const agents = scenario.agents.map((group) => ({
      ...group,
      resources: parseResources("cpus:4;mem:8192"),
    }));
    const frameworks = [spec("all", policy), late];
    const { roles } = run({ ...scenario, agents, frameworks }, 40_000).report;
    const [first, starved] = roles;
    expect(first).toMatchObject({ role: "all", unservedMs: 0 });
    expect(starved?.unservedMs).toBeGreaterThan(27_000);
    expect(starved?.unservedMs).toBeLessThanOrEqual(30_000);
    expect(starved?.longestUnservedMs).toBe(starved?.unservedMs);
  });

  test("what waits for ever is pending, and the wait of its role grows", () => {
    const frameworks = [spec("greedy", rows(20, 1_000))];
    const { report } = run({ ...scenario, frameworks }, 30_000);
    expect(report.tasks).toMatchObject({ submitted: 20, placed: 16, running: 16 });
    expect(report.series.pending.at(-1)).toBe(4);
    const [role] = report.roles;
    expect(role?.longestWaitMs).toBeGreaterThan(28_000);
    expect(role?.longestWaitMs).toBeLessThanOrEqual(29_100); // They arrived at 1,000 ms; to one interval.
  });

  test("a role waits as long as those below it", () => {
    const frameworks = [{ ...spec("web", rows(20, 1_000)), roles: ["eng/web"] }];
    const { report } = run({ ...scenario, frameworks }, 30_000);
    expect(report.roles.map(({ role }) => role)).toEqual(["eng", "eng/web"]);
    expect(report.roles[0]?.longestWaitMs).toBeGreaterThan(28_000);
    expect(report.roles[0]).toEqual({ ...report.roles[1], role: "eng" });
  });

  test("attempts after the first are retries, not tasks", () => {
    const policy = { ...rows(10, 100, 2_000), failures: 0.6, attemptsMax: 3 } as PolicySpec;
    const frameworks = [spec("crash-prone", policy)];
    const { report } = run({ ...scenario, frameworks }, 120_000);
    const { submitted, finished, failed, retries } = report.tasks;
    expect(submitted).toBe(10);
    expect(finished + failed).toBe(10);
    expect(retries).toBeGreaterThan(0);
    expect(report.latencyMs.submitToAccepted.count).toBe(10);
    expect(sum(report.series.launched)).toBe(10 + retries);
    expect(report.series.pending.at(-1)).toBe(0);
  });

  test("every offer that was made is accounted for", () => {
    const hoarder: PolicySpec = { kind: "hoarder", holdMs: Number.POSITIVE_INFINITY };
    const master = { offerTimeoutMs: 5_000 };
    const { report, world } = run(
      { ...scenario, master, frameworks: [...scenario.frameworks, spec("hoarder", hoarder)] },
      20_000,
    );
    const { made, accepted, declined, rescinded, expired } = report.offers;
    const open = world.master.cluster?.state.offers.size ?? 0;
    expect(expired).toBeGreaterThan(0);
    expect(made).toBe(accepted + declined + rescinded + expired + open);
    expect(sum(report.series.offers.made)).toBe(made);
  });
});

describe("faults in a report", () => {
  const faults = [{ atMs: 5_000, kind: "agent-crash", seed: 1, lastMs: 4_000, targets: ["a-2"] }];
  const broken = {
    ...scenario,
    faults,
    shell: { ...scenario.shell, hasCrashes: true },
  } as Scenario;

  test("an agent that is down is so in the heat map, and the fault in the timeline", () => {
    const { report } = run(broken, 20_000);
    const { heat, timeline } = report;
    const at = (ms: number): number => heat.atMs.findIndex((end) => end >= ms);
    expect(heat.percent[1]?.[at(7_000)]).toBe(-1);
    expect(heat.percent[1]?.[at(15_000)]).toBeGreaterThanOrEqual(0);
    expect(heat.percent[0]?.[at(7_000)]).toBeGreaterThanOrEqual(0);
    expect(timeline[0]).toMatchObject({ atMs: 5_000, kind: "fault" });
    expect(timeline[0]?.text).toContain("a-2");
  });

  test("a violation is in the timeline, in its place", () => {
    const violation = { seed: "1", atMs: 4_000, check: "quota", message: "too much" };
    const { recorder } = run(broken, 10_000);
    const { timeline } = recorder.report({ ...END, violations: [violation] });
    expect(timeline[0]).toEqual({ atMs: 4_000, kind: "violation", text: "quota: too much" });
  });

  test("while the master is down everybody is out of reach and the rest stays as it was", () => {
    const { world, recorder } = begin(scenario);
    world.simulation.runUntil(8_000);
    world.master.crash();
    world.simulation.runUntil(12_000);
    const { series, heat } = recorder.report(END);
    expect(series.used.cpus?.at(-1)).toBe(0.75);
    expect(heat.percent.map((row) => row.at(-1))).toEqual([-1, -1, -1, -1]);
  });

  test("what a master has yet to hear of after its start still counts as it was", () => {
    const { world, recorder } = begin(scenario);
    world.simulation.runUntil(8_000);
    world.master.crash();
    world.simulation.runUntil(9_000);
    world.master.start();
    world.simulation.runUntil(30_000);
    const { series } = recorder.report(END);
    const later = series.atMs.findIndex((ms) => ms >= 7_000);
    expect(Math.min(...(series.used.cpus ?? []).slice(later))).toBe(0.75);
    expect(Math.min(...(series.shares.big ?? []).slice(later))).toBe(0.625);
  });
});

describe("the recorder", () => {
  test("changes nothing: a run with it has the hash and the events of one without", () => {
    const plain = begin(scenario, false);
    plain.world.simulation.runUntil(20_000);
    const watched = run(scenario, 20_000);
    expect(watched.hash).toBe(plain.hash.digest());
    expect(watched.report.events).toBe(plain.world.simulation.eventCount);
  });

  test("asked twice it says the same", () => {
    const { recorder, report } = run(scenario, 7_777);
    expect(recorder.report(END)).toEqual(report);
  });

  test.each([1, 999, 10_000, 60_000, 600_000])(
    "a run of %i ms has at most 1,000 intervals and 200 columns of heat",
    (ms) => {
      const { series, heat } = run(scenario, ms).report;
      const { length } = series.atMs;
      expect(length).toBeLessThanOrEqual(1_000);
      expect(series.atMs.at(-1)).toBe(ms);
      expect(heat.atMs.length).toBeLessThanOrEqual(200);
      expect(heat.atMs.at(-1)).toBe(ms);
      const columns = [
        ...[series.pending, series.running, series.launched, ...Object.values(series.offers)],
        ...[...Object.values(series.used), ...Object.values(series.shares)],
        ...Object.values(series.latencyMs).flatMap(({ p50, p99 }) => [p50, p99]),
      ];
      for (const column of columns) expect(column).toHaveLength(length);
    },
  );

  test("a cluster of nobody has a report, too", () => {
    const { report } = run({ ...scenario, agents: [], frameworks: [] }, 5_000);
    expect(report.tasks.submitted).toBe(0);
    expect(report.heat).toEqual({ agents: [], atMs: [], percent: [] });
    expect(report.series.used).toEqual({});
  });

  test("more agents than rows are shown as equal groups of neighbours", () => {
    const agents = [{ ...scenario.agents[0], count: 450 }] as unknown as Scenario["agents"];
    const { heat } = run({ ...scenario, agents, frameworks: [] }, 3_000).report;
    expect(heat.agents).toHaveLength(150);
    expect(heat.agents[0]).toBe("a-1 to a-3");
    expect(heat.percent[149]?.at(-1)).toBe(0);
  });
});

const END = { isComplete: true, hash: "h", wallSeconds: 1, peakRssMib: 1, violations: [] };

interface Begun {
  readonly world: World;
  readonly recorder: Recorder;
  readonly hash: RunHash;
}

function begin(of: Scenario, isWatched = true): Begun {
  let recorder: Recorder | null = null;
  const world = buildWorld(of, { meter: () => (isWatched ? (recorder?.meter ?? null) : null) });
  recorder = new Recorder(world, of, { stopwatch: () => 0 });
  const hash = new RunHash();
  world.probes.add(hash.probe);
  scheduleFaults(world, of.faults);
  startWorld(world, of);
  return { world, recorder, hash };
}

function run(of: Scenario, ms: number): Begun & { readonly report: RunReport } & { hash: unknown } {
  const begun = begin(of);
  begun.world.simulation.runUntil(ms);
  const report = begun.recorder.report(END);
  return { ...begun, report, hash: begun.hash.digest() as never };
}

function rows(count: number, cpuMilli: number, runMs = Number.POSITIVE_INFINITY): PolicySpec {
  const amounts = [
    { name: "cpus", milli: cpuMilli },
    { name: "mem", milli: 64_000 },
  ];
  const row: LoadRow = { atMs: 1_000, count, amounts, runMs, job: "" };
  return { ...BATCH_DEFAULTS, load: [row] };
}

function spec(name: string, policy: PolicySpec): FrameworkSpec {
  return { ...FRAMEWORK_DEFAULTS, name, roles: [name], policy };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
