import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomScenario } from "@bourse/engine/scenario/random-scenario";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { readScenario, readScenarioFile } from "./read-scenario-file.ts";
import { scenarioText } from "./scenario-text.ts";

const directory = mkdtempSync(join(tmpdir(), "bourse-scenario-"));
afterAll(() => rmSync(directory, { recursive: true }));

const read = (text: string) => readScenario(text, { name: "s.yaml", directory });

const small = `
duration: 10m
agents:
  - { name: a, count: 3, resources: { cpus: 4, mem: 8GiB, ports: 31000-31099 } }
frameworks:
  - name: jobs
    kind: batch
    load:
      - { at: 5s, count: 4, size: { cpus: 0.5, mem: 256MiB }, run: 90s }
`;

test("a scenario reads as it was written: what the fuzzer makes comes back the same", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const scenario = randomScenario(String(seed));
      const { scenario: again } = await read(scenarioText(scenario));
      expect(again).toEqual(scenario);
    }),
    { numRuns: 25 },
  );
});

test("units are people's, and what is left out is the default", async () => {
  const { scenario, warnings } = await read(small);
  expect(warnings).toEqual([]);
  expect(scenario).toMatchObject({
    name: "scenario",
    seed: "1",
    end: { atMs: 600_000, isWhenDone: true, liveness: null },
    shell: { hasCrashes: false },
    frameworks: [
      {
        roles: ["jobs"],
        policy: {
          load: [
            {
              atMs: 5_000,
              count: 4,
              runMs: 90_000,
              amounts: [
                { name: "cpus", milli: 500 },
                { name: "mem", milli: 256_000 },
              ],
            },
          ],
        },
      },
    ],
  });
});

test("resources and attributes may stand as agents take them, or as objects", async () => {
  const agents = async (text: string): Promise<Scenario["agents"]> =>
    (await read(`duration: 1m\nagents: [{ name: a, ${text} }]`)).scenario.agents;
  expect(
    await agents("resources: 'cpus:4;mem:8192;ports:[31000-31099]', attributes: rack:r1;level:3"),
  ).toEqual(
    await agents(
      "resources: { cpus: 4, mem: 8GiB, ports: 31000-31099 }, attributes: { rack: r1, level: 3 }",
    ),
  );
});

test("faults by chance follow from the seed that counts, and make the run keep what is stored", async () => {
  const text = `${small}\nfaults: { random: { every: 20s, last: 5s, until: 5m, kinds: [agent-crash] } }`;
  const faultsOf = async (seed?: string) =>
    (await readScenario(text, { name: "s.yaml", directory, seed })).scenario;
  const { faults, shell } = await faultsOf();
  expect(faults.length).toBeGreaterThan(5);
  expect(faults.every(({ kind, atMs }) => kind === "agent-crash" && atMs < 300_000)).toBe(true);
  expect(shell.hasCrashes).toBe(true);
  expect((await faultsOf("1")).faults).toEqual(faults);
  expect((await faultsOf("2")).faults).not.toEqual(faults);
});

test("a load may stand in a file beside the scenario, or be made by its laws", async () => {
  writeFileSync(join(directory, "rows.csv"), "at_ms,count,cpus,mem_mib,run_ms\n0,3,1,64,1000\n");
  writeFileSync(join(directory, "s.yaml"), small.replace(/load:[\s\S]*/, "load: rows.csv\n"));
  const { scenario } = await readScenarioFile(join(directory, "s.yaml"));
  expect(scenario.frameworks[0]?.policy).toMatchObject({
    load: [{ atMs: 0, count: 3, runMs: 1_000 }],
  });
  const laws = small.replace(
    /load:[\s\S]*/,
    'load: { generate: { jobs: 7, duration: 1m, tasks: "2" } }',
  );
  const [jobs] = (await read(laws)).scenario.frameworks;
  expect(jobs?.policy).toMatchObject({ load: { length: 7 } });
});

describe("an error says where, what is wrong, and what is allowed", () => {
  const change = (from: string | RegExp, to: string): string => small.replace(from, to);
  test.each<[what: string, text: string, lines: readonly string[]]>([
    ["an empty file", "", ["s.yaml is empty"]],
    ["a comment", "# nothing\n", ["s.yaml is empty"]],
    ["no object", "- 1\n", ["s.yaml is no scenario: it has no fields"]],
    [
      "no YAML",
      "duration: [1\n",
      [
        "s.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]",
      ],
    ],
    ["a key twice", "duration: 1m\nduration: 2m\n", ["s.yaml:2:1: Map keys must be unique"]],
    [
      "nothing needed",
      "name: x\n",
      [
        "s.yaml:1:1: duration is missing: how long the run lasts at most, in virtual time",
        "s.yaml:1:1: agents is missing: the machines, by shape",
      ],
    ],
    [
      "an unknown field",
      change("count: 3", "cuont: 3"),
      ["s.yaml:4:16: agents[0].cuont: there is no such field; did you mean count?"],
    ],
    [
      "an unknown kind",
      change("kind: batch", "kind: bach"),
      [
        's.yaml:7:11: frameworks[0].kind: "bach" is not one of batch, service, volumes, greedy, idle, hoarder; did you mean batch?',
      ],
    ],
    [
      "no kind",
      change("    kind: batch\n", ""),
      [
        "s.yaml:6:5: frameworks[0]: kind is missing: one of batch, service, volumes, greedy, idle, hoarder",
      ],
    ],
    [
      "a duration without a unit",
      change("10m", "600"),
      [
        "s.yaml:2:11: duration: 600 is not a duration: a number with ms, s, m, h or d, like 90s, 1.5h or 250ms",
      ],
    ],
    [
      "a negative count",
      change("count: 3", "count: -3"),
      ["s.yaml:4:23: agents[0].count: -3 is not a whole number from 1 to 100000"],
    ],
    [
      "a huge one",
      change("count: 3", "count: 1e12"),
      ["s.yaml:4:23: agents[0].count: 1000000000000 is not a whole number from 1 to 100000"],
    ],
    [
      "a size without a unit that is known",
      change("256MiB", "256MB"),
      [
        's.yaml:9:53: frameworks[0].load[0].size.mem: "256MB" is not a size: a number of MiB, or a number with KiB, MiB, GiB or TiB, like 512MiB',
      ],
    ],
    [
      "an empty field",
      change("duration: 10m", "duration:"),
      [
        "s.yaml:2:10: duration: nothing is not a duration: a number with ms, s, m, h or d, like 90s, 1.5h or 250ms",
      ],
    ],
    [
      "a resource by another name",
      change("mem: 256MiB", "memory: 256MiB"),
      [
        "s.yaml:9:48: frameworks[0].load[0].size.memory: there is no such resource; did you mean mem?",
      ],
    ],
    [
      "faults all at once",
      `${small}faults: { random: { every: 0s, last: 1s } }`,
      ["s.yaml:10:28: faults.random.every: 0s is no time; write one above 0"],
    ],
    [
      "two scenarios",
      `${small}---\nduration: 1m\n`,
      ["s.yaml:10:1: a second document begins here; a file is one scenario"],
    ],
    [
      "a file of no load",
      change(/load:[\s\S]*/, "load: nowhere.csv\n"),
      [
        `s.yaml:8:11: frameworks[0].load: cannot read ${directory}/nowhere.csv: there is no such file (check the path)`,
      ],
    ],
    [
      "names twice",
      `${small}  - { name: a-2, kind: idle }\n`,
      ["s.yaml:10:13: frameworks[1].name: there are two that are called a-2"],
    ],
    [
      "a guarantee above its limit",
      `${small}roles: [{ role: jobs, guarantee: { cpus: 4 }, limit: { cpus: 2 } }]\n`,
      ["s.yaml:10:42: roles[0].guarantee.cpus: 4 cpus are promised, above the limit of 2"],
    ],
    [
      "a fault after the end",
      `${small}faults: [{ at: 2h, kind: master-crash }]\n`,
      ["s.yaml:10:16: faults[0].at: 2h is not before the end, 10m"],
    ],
    [
      "a fault of nobody",
      `${small}faults: [{ at: 2s, kind: agent-crash, targets: [a-33] }]\n`,
      ["s.yaml:10:49: faults[0].targets[0]: there is no node a-33; did you mean a-3?"],
    ],
    [
      "an operation on nobody",
      `${small}operations: [{ at: 2s, kind: deactivate-agent, agent: b }]\n`,
      ["s.yaml:10:55: operations[0].agent: there is no agent b; there is a-1, a-2, a-3"],
    ],
    [
      "a role that is none",
      `${small}roles: [{ role: a//b }]\n`,
      [
        's.yaml:10:17: roles[0].role: "a//b": a role must not begin or end with / nor have an empty part',
      ],
    ],
    [
      "a range that ends before it begins",
      `${small}latency: 5ms-1ms\n`,
      ["s.yaml:10:10: latency: the range 5ms-1ms ends before it begins"],
    ],
  ])("%s", async (_what, text, lines) => {
    const thrown = await read(text).then(
      () => new Error("nothing is wrong with it"),
      (error: Error) => error,
    );
    expect(thrown).toMatchObject({ code: "invalid_call", hint: expect.any(String) });
    expect(thrown.message.split("\n").map((line) => line.trim())).toEqual(lines);
  });
});

test.each<[what: string, text: string, warning: string]>([
  [
    "a task that nothing holds",
    small.replace("cpus: 0.5", "cpus: 64"),
    "s.yaml:9:35: frameworks[0].load[0].size: no agent has 64 cpus: such a task waits for ever",
  ],
  [
    "a task that comes too late",
    small.replace("10m", "3s"),
    "s.yaml:9:7: frameworks[0].load: 4 tasks arrive after the end, 3s",
  ],
  [
    "nobody who wants anything",
    small.replace(/frameworks:[\s\S]*/, ""),
    "s.yaml:2:1: no framework wants anything: nothing will run",
  ],
  [
    "a task above the limit of its role",
    `${small}roles: [{ role: jobs, limit: { cpus: 0.25 } }]`,
    "s.yaml:9:35: frameworks[0].load[0].size: the limit of jobs is 0.25 cpus: such a task waits for ever",
  ],
  [
    "a GPU for who cannot have one",
    small.replace("cpus: 4,", "cpus: 4, gpus: 1,").replace("cpus: 0.5", "gpus: 1"),
    "s.yaml:9:35: frameworks[0].load[0].size: without the capability GPU_RESOURCES it is not offered agents that have GPUs",
  ],
  [
    "an end when all is done, of nothing",
    `${small.replace(/ {4}kind: batch[\s\S]*/, "    kind: idle\n")}until: done`,
    "s.yaml:8:8: until: without a load all is done at once; write `until: time`",
  ],
  [
    "a crash that nothing outlives",
    `${small}shell: { crashes: false }\nfaults: [{ at: 1m, kind: master-crash }]`,
    "s.yaml:10:19: shell.crashes: processes will crash and have forgotten everything when they come back",
  ],
  [
    "a task longer than the liveness phase",
    `${small}liveness: { within: 1m }`,
    "s.yaml:9:7: frameworks[0].load: a task runs for 90s, longer than the liveness phase",
  ],
  [
    "rest where something always ends",
    `${small}  - { name: g, kind: greedy, run: 5s }\nliveness: {}`,
    "s.yaml:10:35: frameworks[1].run: what ends is replaced for ever: the liveness phase will find no rest",
  ],
  [
    "a constraint that nobody meets",
    small.replace(
      "kind: batch",
      "kind: batch\n    placement: { constraints: [{ attribute: rack, oneOf: [r1] }] }",
    ),
    "s.yaml:8:45: frameworks[0].placement.constraints[0].attribute: no agent has the attribute rack: nothing will be placed",
  ],
])("%s is odd, and no error", async (_what, text, warning) => {
  expect((await read(text)).warnings).toEqual([warning]);
});

describe("files that cannot be read", () => {
  test.each<[what: string, name: string, message: string]>([
    ["that are not there", "none.yaml", "there is no such file"],
    ["that are directories", ".", "it is a directory"],
    ["that are no text", "binary", "it is no text"],
    ["that are loads", "rows.csv.gz", "is a load file, and a run needs a scenario"],
  ])("%s", async (_what, name, message) => {
    writeFileSync(join(directory, "binary"), Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]));
    await expect(readScenarioFile(join(directory, name))).rejects.toMatchObject({
      code: "invalid_call",
      message: expect.stringContaining(message),
    });
  });
});

test("JSON is YAML", async () => {
  const { scenario } = await read(small);
  const json = JSON.stringify({
    duration: "10m",
    agents: [{ name: "a", count: 3, resources: { cpus: 4, mem: 8192, ports: "31000-31099" } }],
    frameworks: [
      {
        name: "jobs",
        kind: "batch",
        load: [{ at: "5s", count: 4, size: { cpus: 0.5, mem: 256 }, run: "90s" }],
      },
    ],
  });
  expect((await read(json)).scenario).toEqual(scenario);
});
