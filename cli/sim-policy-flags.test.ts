import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseResources } from "@bourse/model/resources-text";
import { afterAll, expect, test } from "vitest";
import { isPolicyChanged, policyChangeOf } from "./sim-policy-flags.ts";

const directory = mkdtempSync(join(tmpdir(), "bourse-policy-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function fileOf(text: string): string {
  const path = join(directory, "policy.yaml");
  writeFileSync(path, text);
  return path;
}

test("settings go by the names of the master's flags, the last of one name counts", async () => {
  const { config } = await policyChangeOf({
    set: ["role-sorter=random", "offer-timeout=0", "allocation-interval=5s", "role-sorter=drf"],
  });
  expect(config).toEqual({ roleSorter: "drf", offerTimeoutMs: null, allocationIntervalMs: 5_000 });
  const { config: minimum } = await policyChangeOf({ set: ["min-allocatable=cpus:1|mem:64"] });
  expect(minimum.minAllocatable).toEqual([parseResources("cpus:1"), parseResources("mem:64")]);
});

test("a limit and a promise of one role are one quota, and none takes one away", async () => {
  const { quotas } = await policyChangeOf({
    quota: ["eng=cpus:20;mem:64", "ops=none"],
    guarantee: ["eng=cpus:10"],
  });
  expect(quotas).toEqual([
    {
      role: "eng",
      limits: [
        { name: "cpus", milli: 20_000 },
        { name: "mem", milli: 64_000 },
      ],
      guarantees: [{ name: "cpus", milli: 10_000 }],
    },
    { role: "ops", limits: [] },
  ]);
});

test("a file says the same, and flags overrule it", async () => {
  const policy = fileOf(
    "role-sorter: random\noffer-timeout: 30s\nweights: { eng: 2, ops: 0.5 }\nquotas: { eng: 'cpus:20' }\n",
  );
  const change = await policyChangeOf({ policy, weight: ["eng=3"], set: ["offer-timeout=10s"] });
  expect(change.config).toEqual({ roleSorter: "random", offerTimeoutMs: 10_000 });
  expect(change.weights).toEqual([
    { role: "eng", weightMilli: 3_000 },
    { role: "ops", weightMilli: 500 },
  ]);
  expect(change.quotas).toEqual([{ role: "eng", limits: [{ name: "cpus", milli: 20_000 }] }]);
  expect(isPolicyChanged({ policy })).toBe(true);
  expect(isPolicyChanged({ set: [], weight: [] })).toBe(false);
});

test.each([
  ["", "is no map"],
  ["- role-sorter", "is no map"],
  ["role-sorter: best", "is not a sorter"],
  ["speed: 1", "has no such setting"],
  ["weights: 2", "weights is no map by role"],
  ["weights: { eng: -1 }", "is no role=weight"],
  ["quotas: { eng: lots }", "is not written name:value"],
  ["a: [", "--policy"],
])("the file %j is refused with its reason", async (text, why) => {
  await expect(policyChangeOf({ policy: fileOf(text) })).rejects.toThrow(why);
});
