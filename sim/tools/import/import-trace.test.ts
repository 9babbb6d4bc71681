import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { afterAll, describe, expect, test } from "vitest";
import { writeLoadFile } from "../load-file/write-load-file.ts";
import type { ImportOptions } from "./import-options.ts";
import { TRACE_FORMATS } from "./import-trace.ts";
import { ImportDirectory, type Imported, taskOf as size } from "./testing/import-directory.ts";

const directory = new ImportDirectory();
afterAll(() => directory.remove());
const imported: ImportDirectory["imported"] = (files, options) =>
  directory.imported(files, options);

describe("openb", () => {
  const PODS =
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time";
  const NODES = "sn,cpu_milli,memory_mib,gpu,model";

  test("pods: parts of a GPU, whole ones, models; they run from scheduled to deleted", async () => {
    const { rows, report } = await imported({
      "pods.csv": [
        PODS,
        "whole,4000,1024,1,1000,,LS,Running,10,110,20",
        "part,500,64,1,250,V100M16|T4|T4,BE,Failed,0,50,0",
        "eight,8000,4096,8,1000,G2,LS,Running,30,31,30",
        "waits,1000,512,0,0,,LS,Pending,40,90,",
        "odd,1000,512,0,0,,LS,Failed,40,50,60",
      ].join("\n"),
    });
    expect(rows).toEqual([
      {
        atMs: 0,
        count: 1,
        amounts: size(0.5, 64),
        runMs: 50_000,
        job: "part",
        gpuMilli: 250,
        gpuModels: ["V100M16", "T4"],
      },
      {
        atMs: 10_000,
        count: 1,
        amounts: [
          { name: "cpus", milli: 4_000 },
          { name: "gpus", milli: 1_000 },
          { name: "mem", milli: 1_024_000 },
        ],
        runMs: 90_000,
        job: "whole",
      },
      expect.objectContaining({ job: "eight", gpuModels: ["G2"] }),
      { atMs: 40_000, count: 1, amounts: size(1, 512), runMs: 50_000, job: "waits" },
    ]);
    expect(report).toMatchObject({
      format: "openb",
      records: 4,
      leftOut: { "deleted before they began": 1 },
    });
  });

  test("nodes: groups of one shape, a scalar for each GPU, the model as an attribute", async () => {
    const nodes = [
      NODES,
      "n0,64000,262144,2,P100",
      "n1,32000,131072,0,",
      "n2,64000,262144,2,P100",
      "n3,64000,262100,2,P100",
    ].join("\n");
    const { agents, report } = await imported({ "nodes.csv": nodes });
    expect(agents).toEqual([
      {
        name: "p100-2-c64-m256",
        count: 2,
        resources: { cpus: 64, mem: "256GiB", gpu0: 1, gpu1: 1 },
        attributes: { gpu_model: "P100" },
      },
      { name: "c32-m128", count: 1, resources: { cpus: 32, mem: "128GiB" } },
      {
        name: "p100-2-c64-m256-v2",
        count: 1,
        resources: { cpus: 64, mem: "262100MiB", gpu0: 1, gpu1: 1 },
        attributes: { gpu_model: "P100" },
      },
    ]);
    expect(report).toMatchObject({ machines: 4, load: { rows: 0 } });
    const whole = await imported({ "nodes.csv": nodes }, { hasWholeGpus: true });
    expect(whole.agents).toMatchObject([{ resources: { gpus: 2 } }, {}, {}]);
  });

  test("arrive, never depart; evenly, in a drawn order", async () => {
    const pods = Array.from(
      { length: 20 },
      (_, i) => `p${i},1000,64,0,0,,LS,Running,${i * 7},999,${i * 7}`,
    );
    const text = [PODS, ...pods].join("\n");
    const options = { isEndless: true, everyMs: 1_000, isShuffled: true, seed: "5" };
    const { rows } = await imported({ "pods.csv": text }, options);
    expect(rows.map(({ atMs }) => atMs)).toEqual(pods.map((_, index) => index * 1_000));
    expect(rows.every(({ runMs }) => runMs === Infinity)).toBe(true);
    const order = rows.map(({ job }) => job);
    expect([...order].sort()).toEqual(pods.map((_, i) => `p${i}`).sort());
    expect(order).not.toEqual(pods.map((_, i) => `p${i}`));
    const again = await imported({ "pods.csv": text }, options);
    expect(again.rows).toEqual(rows);
    const other = await imported({ "pods.csv": text }, { ...options, seed: "6" });
    expect(other.rows).not.toEqual(rows);
  });
});

describe("alibaba2017-batch", () => {
  const HEADER = ",submit_time,duration,cpu,memory,job_id,task_id,instances_num,disk";
  const text = [
    HEADER,
    "0,50,12.5,0.5,0.01,7,1,100,0",
    "1,20,3.25,1.0,0.5,7,2,1,0",
    "2,20,3.25,1.0,0.5,7,3,2,0",
    "3,60,9,1.0,0.5,8,1,0,0",
  ].join("\n");

  test("instances of a task are one row, memory is a part of a machine, alike neighbours are one", async () => {
    const { rows, report } = await imported({ "jobs.csv": text }, { machineMemMib: 1_000 });
    expect(rows).toEqual([
      { atMs: 20_000, count: 3, amounts: size(1, 500), runMs: 3_250, job: "j7" },
      { atMs: 50_000, count: 100, amounts: size(0.5, 10), runMs: 12_500, job: "j7" },
    ]);
    expect(report).toMatchObject({
      records: 3,
      load: { tasks: 103, jobs: 1, peakTasks: 100 },
      leftOut: { "tasks without instances": 1 },
    });
  });

  test("without the memory of a machine nothing can be said", async () => {
    await expect(imported({ "jobs.csv": text })).rejects.toThrow(
      expect.objectContaining({ hint: expect.stringContaining("--machine-mem") }),
    );
  });
});

test("pai2020-machines: no header; CPU means no GPU", async () => {
  const { agents } = await imported({
    "machines.csv": [
      "aaaaaaaaaaaaaaaaaaaaaaaa,CPU,96,512,0",
      "bbbbbbbbbbbbbbbbbbbbbbbb,T4,96,512,2",
      "cccccccccccccccccccccccc,T4,96,512,2",
    ].join("\n"),
  });
  expect(agents).toEqual([
    { name: "c96-m512", count: 1, resources: { cpus: 96, mem: "512GiB" } },
    {
      name: "t4-2-c96-m512",
      count: 2,
      resources: { cpus: 96, mem: "512GiB", gpu0: 1, gpu1: 1 },
      attributes: { gpu_model: "T4" },
    },
  ]);
});

describe("swim", () => {
  const MIB = 1_048_576;

  test("a map for each block, a reduce for each block shuffled and put out, after the maps", async () => {
    const text = [
      `job0\t10\t10\t${200 * MIB}\t${100 * MIB}\t${28 * MIB}`,
      `job1\t11\t1\t0\t0\t${300 * MIB}`,
    ].join("\n");
    const { rows } = await imported({ "fb.tsv": text }, { taskMibPerSecond: 5 });
    expect(rows).toEqual([
      { atMs: 10_000, count: 4, amounts: size(1, 1_024), runMs: 10_000, job: "job0" },
      { atMs: 11_000, count: 5, amounts: size(1, 1_024), runMs: 12_000, job: "job1" },
      { atMs: 20_000, count: 2, amounts: size(1, 1_024), runMs: 12_800, job: "job0" },
    ]);
  });

  test("a petabyte has no more reduces than there were machines", async () => {
    const { rows } = await imported({ "fb.tsv": `job0\t10\t10\t1\t${2 ** 50}\t1\n` });
    expect(rows.map(({ count }) => count)).toEqual([1, 3_000]);
  });

  test("little data takes a second", async () => {
    const { rows } = await imported({ "fb.tsv": "job0\t10\t10\t500\t100\t28\n" });
    expect(rows.map(({ count, runMs }) => [count, runMs])).toEqual([
      [1, 1_000],
      [1, 1_000],
    ]);
  });
});

describe("azure-vm", () => {
  const vm = (created: number, deleted: number, cores: string, mem: string): string =>
    `vm+/${created},sub==,deploymentAbcDefGhi/x=,${created},${deleted},99.1,2.2,30.3,Delay-insensitive,${cores},${mem}`;

  test("buckets, VMs that are there at the end, and very short ones", async () => {
    const text = [
      vm(600, 900, "2", "4"),
      vm(0, 2_591_400, ">24", ">64"),
      vm(300, 300, "1", "1.75"),
      vm(900, 600, "2", "4"),
    ].join("\n");
    const { rows, report } = await imported({ "vmtable.csv.gz": gzipSync(text) });
    const job = "delay-insensitive-deploymentAbcDef";
    expect(rows).toEqual([
      { atMs: 0, count: 1, amounts: size(30, 70 * 1_024), runMs: Infinity, job },
      { atMs: 300_000, count: 1, amounts: size(1, 1_792), runMs: 300_000, job },
      { atMs: 600_000, count: 1, amounts: size(2, 4_096), runMs: 300_000, job },
    ]);
    expect(report).toMatchObject({
      format: "azure-vm",
      leftOut: { "deleted before they were created": 1 },
    });
  });

  test("a header that somebody put on it is no VM", async () => {
    const header =
      "vmid,subscriptionid,deploymentid,vmcreated,vmdeleted,maxcpu,avgcpu,p95maxcpu,vmcategory,c,m";
    const { rows } = await imported({ "vmtable.csv": `${header}\n${vm(0, 600, "2", "4")}` });
    expect(rows).toHaveLength(1);
  });
});

describe("a part of a trace", () => {
  const rows: readonly LoadRow[] = Array.from({ length: 1_000 }, (_, index) => ({
    atMs: index * 1_000,
    count: 2,
    amounts: size(1, 64),
    runMs: 10_000,
    job: `job-${Math.floor(index / 4)}`,
  }));
  const part = async (options: Partial<ImportOptions>): Promise<Imported> => {
    await writeLoadFile(join(directory.path, "whole.csv"), rows);
    return imported({ "whole.csv": readFileSync(join(directory.path, "whole.csv")) }, options);
  };

  test("a window begins at 0", async () => {
    const { rows: window } = await part({ fromMs: 100_000, untilMs: 200_000 });
    expect(window).toHaveLength(100);
    expect(window[0]).toEqual({ ...rows[100], atMs: 0 });
    expect(window.at(-1)).toEqual({ ...rows[199], atMs: 99_000 });
  });

  test("with what runs already, for the rest of its time", async () => {
    const { rows: window } = await part({ fromMs: 100_000, untilMs: 102_000, isWithRunning: true });
    expect(window.map(({ atMs, runMs }) => [atMs, runMs])).toEqual([
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((second) => [0, second * 1_000]),
      [0, 10_000],
      [1_000, 10_000],
    ]);
  });

  test("a sample keeps jobs whole, about as many as asked for, the same for the same seed", async () => {
    const { rows: sampled, report } = await part({ sample: 0.2, seed: "3" });
    const jobs = new Map<string, number>();
    for (const { job } of sampled) jobs.set(job, (jobs.get(job) ?? 0) + 1);
    expect(Array.from(jobs.values()).every((count) => count === 4)).toBe(true);
    expect(jobs.size).toBeGreaterThan(30);
    expect(jobs.size).toBeLessThan(75);
    expect(report.leftOut).toEqual({});
    expect((await part({ sample: 0.2, seed: "3" })).rows).toEqual(sampled);
    expect((await part({ sample: 0.2, seed: "4" })).rows).not.toEqual(sampled);
  });

  test("another scale of time is of arrivals and runs", async () => {
    const { rows: scaled } = await part({ timeScale: 0.1 });
    expect(scaled.at(-1)).toEqual({ ...rows.at(-1), atMs: 99_900, runMs: 1_000 });
  });

  test("nothing left is said with the reasons", async () => {
    await expect(part({ fromMs: 9_000_000 })).rejects.toThrow(
      "nothing of the trace is left to import: 2000 outside --from and --until",
    );
  });
});

describe("which format it is", () => {
  test("a file that nobody knows is shown, with the formats there are", async () => {
    const error = await imported({ "x.csv": "a,b,c\n1,2,3\n" }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "invalid_call",
      message: expect.stringContaining('x.csv begins with "a,b,c": no trace that is known'),
      hint: expect.stringContaining(TRACE_FORMATS.map(({ name }) => name).join(", ")),
    });
  });

  test("files of two traces are refused", async () => {
    const files = {
      "nodes.csv": "sn,cpu_milli,memory_mib,gpu,model\n",
      "load.csv": "at_ms,count,cpus\n1,1,1\n",
    };
    await expect(imported(files)).rejects.toThrow(
      /load.csv is a file of load, those before it are/,
    );
  });

  test("a name that is none, an empty file, a row of another width", async () => {
    await expect(imported({ "x.csv": "a" }, { format: "borg" })).rejects.toThrow(
      'no format "borg"',
    );
    await expect(imported({ "x.csv": "" })).rejects.toThrow(/x.csv is empty/);
    const short = "sn,cpu_milli,memory_mib,gpu,model\nn0,64000,262144,2\n";
    await expect(imported({ "x.csv": short })).rejects.toThrow(
      /x.csv:2: the row has 4 values, it must have 5/,
    );
    const other = { "x.csv": "a,b,c\n1,2,3\n" };
    await expect(imported(other, { format: "openb" })).rejects.toThrow(
      /x.csv:2: the table has no column cpu_milli/,
    );
    const negative = "sn,cpu_milli,memory_mib,gpu,model\nn0,-64000,262144,2,T4\n";
    await expect(imported({ "x.csv": negative })).rejects.toThrow(
      /x.csv:2: cpu_milli: "-64000" is not allowed/,
    );
  });
});
