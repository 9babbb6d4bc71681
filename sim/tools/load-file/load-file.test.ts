import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { LoadRow } from "@bourse/engine/scenario/load-row";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LOAD_COLUMNS, LOAD_MS_MAX } from "./load-columns.ts";
import { readLoadFile } from "./read-load-file.ts";
import { writeLoadFile } from "./write-load-file.ts";

let directory = "";
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), "bourse-load-file-"))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const HEADER = LOAD_COLUMNS.join(",");

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const amounts = fc
  .record({
    cpus: fc.integer({ min: 1, max: 1_000_000 }),
    disk: fc.option(fc.integer({ min: 1, max: 1_000_000_000_000 })),
    mem: fc.option(fc.integer({ min: 1, max: 4_096_000_000 })),
  })
  .map(({ cpus, disk, mem }) => [
    { name: "cpus", milli: cpus },
    ...(disk === null ? [] : [{ name: "disk", milli: disk }]),
    ...(mem === null ? [] : [{ name: "mem", milli: mem }]),
  ]);

const anyRow: fc.Arbitrary<LoadRow> = fc
  .record({
    atMs: fc.integer({ min: 0, max: LOAD_MS_MAX }),
    count: fc.integer({ min: 1, max: 1_000 }),
    amounts,
    runMs: fc.oneof(fc.integer({ min: 0, max: LOAD_MS_MAX }), fc.constant(Infinity)),
    job: fc.string({ maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text)),
    gpuMilli: fc.option(fc.integer({ min: 1, max: 1_000 })),
    gpuModels: fc.option(fc.array(fc.constantFrom("V100M16", "G2", "T4"), { minLength: 1 })),
  })
  .map(({ gpuMilli, gpuModels, ...row }) => ({
    ...row,
    ...(gpuMilli === null ? {} : { gpuMilli }),
    ...(gpuModels === null ? {} : { gpuModels }),
  }));

test.each(["rows.csv", "rows.csv.gz"])(
  "what is written to %s is read back the same",
  async (name) => {
    const path = join(directory, name);
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 30 }), async (unordered) => {
        const rows = [...unordered].sort((a, b) => a.atMs - b.atMs);
        await writeLoadFile(path, rows);
        expect(await readLoadFile(path)).toEqual(rows);
      }),
      { numRuns: 40 },
    );
  },
);

test("a load by hand: few columns in any order, comments, empty lines, CRLF, a byte order mark", async () => {
  const text = "\ufeffcount,at_ms,mem_mib,cpus\r\n# morning\r\n\r\n3,0,64,0.5\r\n1,10,,2";
  expect(await readLoadFile(file("by-hand.csv", text))).toEqual([
    {
      atMs: 0,
      count: 3,
      amounts: [
        { name: "cpus", milli: 500 },
        { name: "mem", milli: 64_000 },
      ],
      runMs: Infinity,
      job: "",
    },
    { atMs: 10, count: 1, amounts: [{ name: "cpus", milli: 2_000 }], runMs: Infinity, job: "" },
  ]);
});

test("gzip is told by its first bytes, not by the name", async () => {
  const text = `${HEADER}\n5,1,1,,,,,,7,a\n`;
  const expected = [
    { atMs: 5, count: 1, amounts: [{ name: "cpus", milli: 1_000 }], runMs: 7, job: "a" },
  ];
  expect(await readLoadFile(file("packed.csv", gzipSync(text)))).toEqual(expected);
  expect(await readLoadFile(file("plain.csv.gz", text))).toEqual(expected);
});

test("a part of a GPU and its models", async () => {
  const text = `${HEADER}\n0,1,4,8192,,,460,V100M16|V100M32,,pod-1\n`;
  const [row] = await readLoadFile(file("gpu.csv", text));
  expect(row).toMatchObject({ gpuMilli: 460, gpuModels: ["V100M16", "V100M32"] });
  expect(row?.amounts.map(({ name }) => name)).toEqual(["cpus", "mem"]);
});

test("rows out of order are put in order, and the first is told of", async () => {
  const path = file("unordered.csv", "at_ms,count,cpus,job\n5,1,1,b\n2,1,1,a\n5,1,1,c\n1,1,1,z\n");
  const heard: string[] = [];
  const rows = await readLoadFile(path, { warn: (text) => heard.push(text) });
  expect(rows.map(({ job }) => job)).toEqual(["z", "a", "b", "c"]);
  expect(heard).toEqual([`${path}:3: at_ms goes back; the rows are put in order of arrival`]);
});

test("rows of the same shape share one list of amounts, so that millions of them stay small", async () => {
  const path = file("alike.csv", "at_ms,count,cpus,mem_mib\n1,1,0.5,64\n2,9,0.5,64\n3,1,0.5,65\n");
  const rows = await readLoadFile(path);
  expect(rows[0]?.amounts).toBe(rows[1]?.amounts);
  expect(rows[0]?.amounts).not.toBe(rows[2]?.amounts);
});

describe("what is wrong is named with file, line and column, and what is allowed", () => {
  test.each<[text: string, message: string, hint: RegExp]>([
    ["", " is empty", /bourse sim gen/],
    ["\n\n# nothing\n", " is empty", /bourse sim gen/],
    ["at_ms,cpus\n", ":1: the header has no column count", /at_ms,count,cpus/],
    ["at_ms,count,ram\n", ':1: the header names "ram", which is no column', /mem_mib/],
    ["at_ms,count,cpus,cpus\n", ":1: the header names cpus twice", /at_ms,count/],
    ["\u0000\u0001\u0002\n", ":1: the header has no column at_ms", /bourse sim import/],
    ["at_ms,count,cpus\n1,1\n", ":2: the row has 2 values, the header 3", /at_ms,count,cpus/],
    ["at_ms,count,cpus\n1,1,1,1\n", ":2: the row has 4 values, the header 3", /at_ms/],
    ["at_ms,count,cpus\n1,1,1\n-1,1,1\n", ':3: at_ms: "-1" is not allowed', /from 0 to/],
    ["at_ms,count,cpus\n,1,1\n", ':2: at_ms: "" is not allowed', /whole number/],
    ["at_ms,count,cpus\n1.5,1,1\n", ':2: at_ms: "1.5" is not allowed', /whole number/],
    ["at_ms,count,cpus\n1e3,1,1\n", ':2: at_ms: "1e3" is not allowed', /whole number/],
    ["at_ms,count,cpus\n1,0,1\n", ':2: count: "0" is not allowed', /from 1 to 50000000/],
    ["at_ms,count,cpus\n1,50000001,1\n", ':2: count: "50000001" is not', /from 1 to/],
    ["at_ms,count,cpus\n1,1,many\n", ':2: cpus: "many" is not allowed', /0.5/],
    ["at_ms,count,cpus\n1,1,1000000001\n", ':2: cpus: "1000000001" is not', /1000000000/],
    ["at_ms,count,cpus\n1,1,NaN\n", ':2: cpus: "NaN" is not allowed', /number/],
    ["at_ms,count,cpus\n1,1,0\n", ":2: cpus: the tasks take nothing at all", /mem_mib/],
    ["at_ms,count\n1,1\n", ":2: cpus: the tasks take nothing at all", /mem_mib/],
    ["at_ms,count,gpus\n1,1,0.5\n", ':2: gpus: "0.5" is not allowed', /0 to 1000/],
    ["at_ms,count,gpu_milli\n1,1,1001\n", ':2: gpu_milli: "1001" is not', /0 to 1000/],
    ["at_ms,count,gpus,gpu_milli\n1,1,1,5\n", ":2: gpu_milli: a task takes whole GPUs or", /leave/],
    ["at_ms,count,gpus,gpu_models\n1,1,1,A||B\n", ':2: gpu_models: "A||B" is no list', /\|/],
    ["at_ms,count,cpus,run_ms\n1,1,1,ever\n", ':2: run_ms: "ever" is not', /nothing for a task/],
    ["at_ms,count,cpus,job\n1,1,1,a\tb\n", ':2: job: "a\\tb" is no name', /control/],
    [`at_ms,count,cpus,job\n1,1,1,${"x".repeat(257)}\n`, ":2: job: ", /256/],
    ['at_ms,count,cpus,job\n1,1,1,"a\n', ": a quote is opened and never closed", /quote/],
    ['at_ms,count,cpus,job\n1,1,1,"a"b\n', ": behind a closing quote comes", /quote/],
    ["at_ms,count,cpus\n1,40000000,1\n2,40000000,1\n", ":3: the load has more than", /--sample/],
  ])("%j", async (text, message, hint) => {
    const path = file("wrong.csv", text);
    const error = await readLoadFile(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "invalid_call",
      message: expect.stringContaining(path),
      hint: expect.stringMatching(hint),
    });
    expect((error as Error).message).toContain(message);
  });

  test.each<[name: string, make: (path: string) => void, message: RegExp]>([
    ["absent.csv", () => {}, /cannot read .*absent.csv: there is no such file/],
    ["folder.csv", (path) => mkdirSync(path), /cannot read .*folder.csv: it is a directory/],
    [
      "cut.csv.gz",
      (path) => writeFileSync(path, gzipSync(`${HEADER}\n1,1,1,,,,,,,\n`).subarray(0, 30)),
      /cannot read .*cut.csv.gz: its gzip data is damaged or cut off/,
    ],
    [
      "damaged.csv.gz",
      (path) => writeFileSync(path, new Uint8Array([0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9])),
      /its gzip data is damaged/,
    ],
  ])("%s", async (name, make, message) => {
    const path = join(directory, name);
    make(path);
    await expect(readLoadFile(path)).rejects.toThrow(
      expect.objectContaining({ code: "invalid_call", message: expect.stringMatching(message) }),
    );
  });

  test("a quote that is never closed does not take the memory of the machine", async () => {
    const text = `at_ms,count,cpus,job\n1,1,1,"${"x\n".repeat(800_000)}`;
    await expect(readLoadFile(file("open.csv", text))).rejects.toThrow("longer than 1048576 bytes");
  });
});

describe("writing", () => {
  test("a file that cannot be finished is not there, and what was there stays", async () => {
    const path = file("kept.csv", "before");
    const row: LoadRow = { atMs: 0, count: 1, amounts: [], runMs: 1, job: "" };
    const odd: LoadRow = { ...row, amounts: [{ name: "ports", milli: 1 }] };
    await expect(writeLoadFile(path, [row, odd])).rejects.toThrow("no column for ports");
    expect(await readFile(path, "utf8")).toBe("before");
    expect((await readdir(directory)).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  test("a directory that is not there is named", async () => {
    await expect(writeLoadFile(join(directory, "absent", "x.csv"), [])).rejects.toThrow(
      /cannot write .*absent.*x\.csv: ENOENT/,
    );
  });
});
