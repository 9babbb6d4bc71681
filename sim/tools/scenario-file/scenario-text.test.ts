import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import type { OperatorCall } from "@bourse/model/operator";
import { describe, expect, test } from "vitest";
import { readScenario, readScenarioFile } from "./read-scenario-file.ts";
import { scenarioText } from "./scenario-text.ts";

const directory = fileURLToPath(new URL("../../scenarios/", import.meta.url));
const read = (text: string) => readScenario(text, { name: "s.yaml", directory });

/** Everything that the fuzzer never says, in the words in which it is written back. */
const everything = `
name: everything
seed: "7"
duration: 2h
until: time
liveness: { within: 5m }
latency: 1ms-20ms
agents:
  - name: a
    count: 3
    resources: "cpus:4;cpus(eng):2;mem:8192"
    attributes: level:3;ports:[1-2]
    domains: [ eu/a, eu/b ]
    startWithin: 90s
    containers: { start: 1s, stop: 0s-5s, launchFailures: 0.25 }
  - { name: b, resources: { cpus: 64, disk: 1000GiB, gpus: 8, mem: 512GiB }, attributes: { rack: r1, "9": x } }
roles: [ { role: eng/dev, weight: 0.5, guarantee: { cpus: 1 }, limit: { cpus: 2.5, mem: 0 } } ]
frameworks:
  - { name: h, kind: hoarder, hold: 30s }
  - { name: g, count: 2, start: 1m, kind: greedy, size: { cpus: 2 }, run: 5m }
  - { name: i, role: "*", flapping: { up: 1m, down: 5s }, kind: idle, refuse: 1s, suppressed: true }
  - { name: v, roles: [ eng, ops ], capabilities: [], kind: volumes, until: 1h, sharedVolumes: true }
  - name: j
    failoverTimeout: 10s
    kind: batch
    load: [ { at: 0s, size: { cpus: 1.5 }, run: 1500ms, job: x, gpuMilli: 250, gpuModels: [ T4 ] } ]
    placement: { rule: spread, constraints: [ { attribute: rack, oneOf: [ r1, r2 ] } ] }
    tasksPerOffer: 1
    attempts: 3
    failures: 0.5
    replaceUnreachableAfter: 2500ms
    closedLoop: true
operations:
  - { at: 1m, kind: deactivate-agent, agent: a-1 }
  - { at: 2m, kind: kill-task, framework: j, task: t0, grace: 5s }
  - { at: 3m, kind: update-quotas, quotas: [ { role: eng, limit: { cpus: 2 } } ], force: true }
  - { at: 4m, kind: update-weights, weights: [ { role: eng, weight: 3 } ] }
  - at: 5m
    kind: update-maintenance-schedule
    windows: [ { machines: [ b ], start: 6m, duration: 1h }, { machines: [ a-2 ], start: 7m } ]
  - { at: 6m, kind: start-maintenance, machines: [ b ] }
  - { at: 7m, kind: teardown-framework, framework: g-1 }
faults: [ { at: 1m, kind: partition, last: 5s, targets: [ a-1, master ], others: [ h ], seed: 3 } ]
checks: { on: false, sweepEvery: never, reloads: true }
master: { offerTimeout: never, whitelist: [ b ], minAllocatable: [ { cpus: 0.1 } ], domain: eu/a }
shell: { crashes: false }
`;

test("whatever a file can say is written as it was read", async () => {
  const { scenario } = await read(everything);
  const again = scenarioText(scenario);
  expect((await read(again)).scenario).toEqual(scenario);
  expect(again).toContain("attributes: level:3;ports:[1-2]");
  expect(again).toContain("cpus:4;cpus(eng):2;mem:8192");
  // As an object, a name that is a number would come first.
  expect(again).toContain("attributes: 9:x;rack:r1");
  expect(again.length).toBeLessThan(everything.length + 300);
});

test.each(
  readdirSync(directory).filter((name) => name.endsWith(".yaml") && name !== "alibaba-batch.yaml"),
)("%s reads the same when it is written anew, its load by its laws as rows", async (name) => {
  const { scenario } = await readScenarioFile(`${directory}${name}`);
  expect((await read(scenarioText(scenario, "Written anew."))).scenario).toEqual(scenario);
});

describe("what a file has no words for is refused, not left out", () => {
  const call: OperatorCall = {
    kind: "operate",
    agentId: "a-1",
    operation: { kind: "reserve", resources: [] },
  };
  test("an operation on resources", async () => {
    const { scenario } = await read(everything);
    const operations = [{ atMs: 1, call }];
    expect(() => scenarioText({ ...scenario, operations })).toThrow(
      "a scenario file has no way to say that an operator does reserve",
    );
  });

  test("text that would read as a number, beside ranges", async () => {
    const { scenario } = await read(everything);
    const [group] = scenario.agents;
    const odd = { name: "zone", value: { type: "text", text: "12" } } as const;
    const agents = [{ ...group, attributes: [...(group?.attributes ?? []), odd] }];
    expect(() => scenarioText({ ...scenario, agents } as Scenario)).toThrow("no way to say");
  });

  test("a member that is not known here", async () => {
    const { scenario } = await read(everything);
    const latency = { minMs: 1, maxMs: 2 };
    const extended = { ...scenario, latency, weather: "rain" };
    expect(() => scenarioText(extended)).toThrow("a scenario file has no way to say weather");
  });
});
