import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { ImportDirectory, taskOf as size } from "./testing/import-directory.ts";

const directory = new ImportDirectory();
afterAll(() => directory.remove());
const imported: ImportDirectory["imported"] = (files, options) =>
  directory.imported(files, options);

describe("google2019", () => {
  const machine = { machineCpus: 100, machineMemMib: 1_000 };
  const S = 1_000_000;
  const event = (time: number, type: number | string, more: object = {}): string =>
    JSON.stringify({
      time: String(time * S),
      type: String(type),
      collection_id: "380",
      scheduling_class: "2",
      collection_type: "0",
      priority: "200",
      instance_index: "0",
      resource_request: { cpus: 0.25, memory: 0.5 },
      ...more,
    });
  const row = { count: 1, amounts: size(25, 500), job: "prod-c2-380" };

  test("from SUBMIT to arrival, from SCHEDULE to its end to a run, in any order of lines", async () => {
    const lines = [event(90, 6), event(10, 0), event(11, "ENABLE"), event(30, 3)];
    const { rows } = await imported({ "events.json": lines.join("\n") }, machine);
    expect(rows).toEqual([{ ...row, atMs: 10_000, runMs: 60_000 }]);
  });

  test("after an eviction it is submitted anew, also at the same instant", async () => {
    const lines = [
      event(10, 0),
      event(20, 3),
      event(50, 0),
      event(50, 4),
      event(60, 3),
      event(65, 7),
    ];
    const { rows } = await imported({ "events.json": `${lines.join("\n")}\n` }, machine);
    expect(rows).toEqual([
      { ...row, atMs: 10_000, runMs: 30_000 },
      { ...row, atMs: 50_000, runMs: 5_000 },
    ]);
  });

  test("an update while it waits changes what it asks for, one while it runs does not", async () => {
    const more = { resource_request: { cpus: 0.5, memory: 0.5 } };
    const less = { resource_request: { cpus: 0.1, memory: 0.1 } };
    const lines = [
      event(10, 0),
      event(12, 9, more),
      event(20, 3, more),
      event(25, 10, less),
      event(30, 6, less),
    ];
    const { rows } = await imported({ "events.json": lines.join("\n") }, machine);
    expect(rows).toMatchObject([{ amounts: size(50, 500), runMs: 10_000 }]);
  });

  test("what never ran is left out and counted; what still runs goes on, unless its collection ended", async () => {
    const of = (id: string) => ({ collection_id: id });
    const { rows, report } = await imported(
      {
        "instances.json": [
          event(10, 0, of("1")),
          event(10, 0, of("2")),
          event(15, 7, of("2")),
          event(10, 0, of("3")),
          event(20, 3, of("3")),
          event(10, 0, of("4")),
          event(20, 3, of("4")),
          event(25, 3, of("5")),
        ].join("\n"),
        "collections.json": '{"time":"70000000","type":"6","collection_id":"4","priority":"200"}\n',
      },
      machine,
    );
    expect(rows.map(({ job, atMs, runMs }) => [job, atMs, runMs])).toEqual([
      ["prod-c2-3", 10_000, Infinity],
      ["prod-c2-4", 10_000, 50_000],
      ["prod-c2-5", 25_000, Infinity],
    ]);
    expect(report.leftOut).toEqual({ "never ran within the trace": 1, "ended before they ran": 1 });
  });

  test("alloc sets take what they reserve, tasks inside of them nothing more", async () => {
    const inside = { collection_id: "7", alloc_collection_id: "6" };
    const lines = [
      event(0, 0, { collection_id: "6", collection_type: "1" }),
      event(0, 3, { collection_id: "6", collection_type: "1" }),
      event(5, 0, inside),
      event(6, 3, inside),
    ];
    const { rows, report } = await imported({ "events.json": lines.join("\n") }, machine);
    expect(rows.map(({ job }) => job)).toEqual(["prod-c2-alloc-6"]);
    expect(report.leftOut).toEqual({ "run inside of alloc sets, which are there themselves": 1 });
  });

  test.each([
    [0, "free"],
    [99, "free"],
    [103, "beb"],
    [117, "mid"],
    [120, "prod"],
    [360, "monitoring"],
  ])("priority %d is tier %s", async (priority, tier) => {
    const lines = [event(1, 0, { priority }), event(2, 3, { priority })].join("\n");
    const { rows } = await imported({ "events.json": lines }, { ...machine, tiers: [tier] });
    expect(rows[0]?.job).toBe(`${tier}-c2-380`);
    const others = { ...machine, tiers: [tier === "mid" ? "free" : "mid"] };
    await expect(imported({ "events.json": lines }, others)).rejects.toThrow(
      "nothing of the trace is left to import: 1 of tiers that were not asked for",
    );
  });

  test.each([
    "resource_request.cpus,resource_request.memory",
    "resource_request_cpus,resource_request_memory",
  ])("CSV with columns %s, packed", async (columns) => {
    const text = [
      `time,type,collection_id,priority,instance_index,${columns}`,
      "1000000,0,380,200,4,0.25,0.5",
      "2000000,SCHEDULE,380,200,4,0.25,0.5",
      "9223372036854775807,6,380,200,4,0.25,0.5",
    ].join("\n");
    const { rows } = await imported({ "events.csv.gz": gzipSync(text) }, machine);
    expect(rows).toEqual([{ ...row, job: "prod-c0-380", atMs: 1_000, runMs: Infinity }]);
  });

  test("machine_events: those of the beginning, by shape and platform", async () => {
    const add = (id: number, time: number, cpus: number, platform: string): string =>
      JSON.stringify({
        time: String(time),
        machine_id: String(id),
        type: "1",
        platform_id: platform,
        capacity: { cpus, memory: 0.25 },
      });
    const lines = [
      add(1, 0, 0.5, "q"),
      add(2, 0, 0.5, "q"),
      add(3, 0, 0.5, "a"),
      add(4, 9, 1, "q"),
    ];
    const { agents } = await imported({ "machines.json": lines.join("\n") }, machine);
    expect(agents).toEqual([
      {
        name: "p2-c50-m0",
        count: 2,
        resources: { cpus: 50, mem: "250MiB" },
        attributes: { platform: "p2" },
      },
      {
        name: "p1-c50-m0",
        count: 1,
        resources: { cpus: 50, mem: "250MiB" },
        attributes: { platform: "p1" },
      },
    ]);
  });

  test.each<[string, RegExp]>([
    ['{"collection_id":"1","type":"0"}\nno json\n', /:2: "no json" is no JSON object/],
    [event(1, 44), /:1: type: "44" is not allowed/],
    [event(-1, 0), /:1: time: "-1000000" is not allowed/],
    [event(1, 0, { start_time: "5" }), /:1: this is a table of usage/],
    ['{"machine_id":"1"}\n{"a":1}', /:2: this is no event of an instance/],
  ])("%s is refused with its line", async (text, message) => {
    await expect(imported({ "wrong.json": text }, machine)).rejects.toThrow(message);
  });

  test("without the size of a machine nothing can be said", async () => {
    await expect(imported({ "events.json": event(1, 0) })).rejects.toThrow(
      expect.objectContaining({ hint: "--machine-cpus 64 --machine-mem 256GiB" }),
    );
  });
});
