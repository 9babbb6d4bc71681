import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { arrivalsOf, runOpenb } from "./openb-study.ts";
import { openbListOf, studyOpenb } from "./openb-table.ts";
import { gpuMilliOf, readOpenbNodes, readOpenbPods, rowOf } from "./openb-trace.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "openb-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, lines: readonly string[]): string {
  const path = join(directory, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

const NODES = [
  "sn,cpu_milli,memory_mib,gpu,model",
  "n0,32000,262144,0,",
  "n1,64000,262144,4,T4",
  "n2,64000,262144,4,V100M16",
];
const PODS_HEADER =
  "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time";
const PODS = [
  PODS_HEADER,
  "p0,8000,1024,1,1000,,LS,Running,0,1,0",
  "p1,4000,1024,1,500,,LS,Running,0,1,0",
  "p2,4000,1024,0,0,,LS,Running,0,1,0",
  "p3,4000,1024,2,1000,T4|A10,LS,Running,0,1,0",
];

async function trace() {
  const nodes = await readOpenbNodes(file("openb_node_list.csv", NODES));
  const pods = await readOpenbPods(file("openb_pod_list_default.csv", PODS));
  return { nodes, pods };
}

test("machines without GPUs are left out, parts of GPUs and models are read", async () => {
  const { nodes, pods } = await trace();
  expect(nodes.map(({ name }) => name)).toEqual(["n1", "n2"]);
  expect(pods.map(gpuMilliOf)).toEqual([1_000, 500, 0, 2_000]);
  const [whole, part, , named] = pods.map((pod) => rowOf(pod, 0));
  expect(whole?.amounts).toContainEqual({ name: "gpus", milli: 1_000 });
  expect(part).toMatchObject({ gpuMilli: 500 });
  expect(named?.gpuModels).toEqual(["T4", "A10"]);
});

test("all pods arrive, and then more until the wanted demand is reached; another seed, another order", async () => {
  const { nodes, pods } = await trace();
  const options = { nodes, pods, rule: "best-fit", inflation: 1.3 } as const;
  const arrivals = arrivalsOf({ ...options, seed: 42 });
  expect(new Set(arrivals)).toEqual(new Set(pods));
  const milli = arrivals.reduce((sum, pod) => sum + gpuMilliOf(pod), 0);
  expect(milli).toBeGreaterThan(8_000);
  expect(arrivalsOf({ ...options, seed: 42 })).toEqual(arrivals);
  expect(arrivalsOf({ ...options, seed: 43 })).not.toEqual(arrivals);
});

test("what is allocated never exceeds what has arrived, nor what there is", async () => {
  const { nodes, pods } = await trace();
  const result = runOpenb({ nodes, pods, rule: "gpu-packing", seed: 42, inflation: 1.3 });
  expect(result.violations).toBe(0);
  expect(result.placed).toBeGreaterThan(0);
  for (const [percent, allocated] of result.allocatedAt.entries()) {
    if (!Number.isNaN(allocated))
      expect(allocated).toBeLessThanOrEqual(Math.min(100, percent + 0.5));
  }
});

test("the table has a row for each rule, with the published number where the list is a published one", async () => {
  const { nodes, pods } = await trace();
  const rules = ["random", "best-fit"] as const;
  const options = { nodes, pods, rules, seeds: [42] };
  const table = studyOpenb({ ...options, list: openbListOf("x/openb_pod_list_default.csv.gz") });
  expect(table.rows.map(([rule]) => rule)).toEqual(rules);
  expect(table.rows[1]?.[5]).toBe(92.86);
  expect(table.rows.every((row) => row.length === table.columns.length)).toBe(true);
  expect(studyOpenb({ ...options, list: null }).rows[1]?.[5]).toBeNull();
});

describe("wrong files are refused with file, line and a hint", () => {
  test.each<[what: string, lines: readonly string[] | null, message: string]>([
    ["a missing column", ["sn,cpu_milli,gpu", "n1,1,1"], "lacks the columns memory_mib, model"],
    ["a number that is none", [...NODES, "n3,many,1,1,T4"], ':5: cpu_milli is "many"'],
    ["a negative number", [...NODES, "n3,-1,1,1,T4"], ':5: cpu_milli is "-1"'],
    ["no GPUs at all", NODES.slice(0, 2), "no machine of it has GPUs"],
    ["an empty file", [""], "it is empty"],
    ["no file", null, "there is no such file"],
  ])("%s", async (what, lines, message) => {
    const path = lines === null ? join(directory, "none.csv") : file(`${what}.csv`, lines);
    await expect(readOpenbNodes(path)).rejects.toMatchObject({
      code: "invalid_call",
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
  });

  test("a directory", async () => {
    await expect(readOpenbPods(directory)).rejects.toMatchObject({ code: "invalid_call" });
  });
});
