import { randomScenario } from "@bourse/engine/scenario/random-scenario";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import { describe, expect, test } from "vitest";
import { findingFileName, findingText } from "./finding-text.ts";
import { type FuzzOptions, fuzz } from "./fuzz.ts";
import { CRASH, judge, RELOAD, TIME_OUT } from "./judge.ts";
import { type Finding, runSeedJob, SEED_TOOLS, type SeedOutcome } from "./seed-job.ts";
import type { SeedRunner } from "./seed-pool.ts";

const options: FuzzOptions = {
  seeds: 10,
  from: 1,
  prefix: "t-",
  jobs: 3,
  hasReloads: false,
  withinMs: 10_000,
  shrinkMs: 0,
};

/** Runs nothing; the seeds of `failing` fail. */
function fake(failing: (seed: string) => boolean): SeedRunner & { readonly ran: string[] } {
  const ran: string[] = [];
  return {
    ran,
    run: async ({ seed }): Promise<SeedOutcome> => {
      ran.push(seed);
      return { seed, events: 10, finding: failing(seed) ? findingOf(seed) : null };
    },
    close: async () => {},
  };
}

function findingOf(seed: string): Finding {
  const violation = { seed, atMs: 7, check: "task", message: "t1 is lost" };
  return { seed, violation, scenario: randomScenario(seed), shrinkRuns: 4 };
}

test("every seed is run once, and those that fail are told", async () => {
  const runner = fake((seed) => seed === "t-4");
  const found: string[] = [];
  const report = await fuzz(options, { runner, found: ({ seed }) => found.push(seed) });
  expect(runner.ran).toEqual(Array.from({ length: 10 }, (_, index) => `t-${index + 1}`));
  expect(found).toEqual(["t-4"]);
  expect(report).toMatchObject({ asked: 10, seeds: 10, events: 100, isComplete: true });
});

test("twenty findings are enough", async () => {
  const report = await fuzz({ ...options, seeds: 1_000 }, { runner: fake(() => true) });
  expect(report.findings.length).toBeLessThan(20 + options.jobs);
  expect(report.isComplete).toBe(false);
});

test("a fuzz that is stopped says what it has, although a run is under way", async () => {
  const abort = new AbortController();
  const runner = fake(() => false);
  const slow: SeedRunner = {
    run: (job) => {
      if (runner.ran.length < 4) return runner.run(job);
      abort.abort();
      return new Promise(() => {});
    },
    close: runner.close,
  };
  const report = await fuzz(options, { runner: slow, signal: abort.signal });
  expect(report).toMatchObject({ seeds: 4, isComplete: false, findings: [] });
});

test("the runner is closed also when what was found cannot be told", async () => {
  let isClosed = false;
  const close = async (): Promise<void> => {
    isClosed = true;
  };
  const runner = { run: fake(() => true).run, close };
  const found = (): void => {
    throw new Error("the disk is full");
  };
  await expect(fuzz(options, { runner, found })).rejects.toThrow("the disk is full");
  expect(isClosed).toBe(true);
});

test.each<[Partial<FuzzOptions>, string]>([
  [{ seeds: 0 }, "seeds is 0, it must be a whole number from 1 to 10000000"],
  [{ from: -1 }, "from is -1"],
  [{ jobs: 1.5 }, "jobs is 1.5"],
  [{ prefix: "x".repeat(201) }, "the prefix has 201 characters"],
])("options out of bounds are refused with the option's name: %o", async (changes, message) => {
  await expect(fuzz({ ...options, ...changes }, { runner: fake(() => false) })).rejects.toThrow(
    expect.objectContaining({ code: "invalid_call", message: expect.stringContaining(message) }),
  );
});

describe("a seed is judged:", () => {
  const small = (): Scenario => {
    const scenario = randomScenario("judge-1");
    return { ...scenario, end: { atMs: 2_000, isWhenDone: false, liveness: null } };
  };

  test("one that keeps every promise has no finding, with and without reloads", () => {
    const job = { seed: "judge-1", withinMs: 60_000, shrinkMs: 0 };
    const tools = { ...SEED_TOOLS, scenarioOf: small };
    const plain = runSeedJob({ ...job, hasReloads: false }, tools);
    const reloaded = runSeedJob({ ...job, hasReloads: true }, tools);
    expect([plain.finding, reloaded.finding]).toEqual([null, null]);
    expect(plain.events).toBeGreaterThan(100);
  });

  test("a core that throws is a finding", () => {
    const scenario = { ...small(), master: { agentPingIntervalMs: -1 } };
    const [violation] = judge(scenario, 60_000).violations;
    expect(violation).toMatchObject({ check: CRASH, message: expect.stringContaining("ping") });
  });

  test("a run that takes too long is a finding", () => {
    expect(judge(small(), 0).violations).toMatchObject([{ check: TIME_OUT }]);
  });

  test("a run that reloads change is a finding", () => {
    const scenario = small();
    let runs = 0;
    const tools = {
      ...SEED_TOOLS,
      scenarioOf: () => scenario,
      judge: () => {
        runs += 1;
        const violation = { seed: "1", atMs: 1, check: RELOAD, message: "not the same" };
        return { violations: [violation], hash: "", events: 1, virtualMs: 1, struck: new Map() };
      },
    };
    const job = { seed: "1", hasReloads: true, withinMs: 1, shrinkMs: 0 };
    expect(runSeedJob(job, tools).finding?.scenario.checks.hasReloads).toBe(true);
    expect(runs).toBe(1);
  });
});

describe("a finding becomes a scenario file", () => {
  test("that says what it breaks and how to run it", () => {
    const text = findingText(findingOf("t-4"), "out/task-t-4.yaml");
    expect(text).toContain('# Breaks the check "task" at 7 ms:\n#   t1 is lost\n');
    expect(text).toContain(
      "# Seed t-4, made smaller in 4 runs. Run it: bourse sim run out/task-t-4.yaml",
    );
    expect(text).toContain("name: task-t-4");
  });

  test.each([
    ["t-4", "task-t-4.yaml"],
    ["../a b/4", "task-.._a_b_4.yaml"],
  ])("whose name any file system takes: %s", (seed, name) => {
    expect(findingFileName(findingOf(seed))).toBe(name);
  });
});
