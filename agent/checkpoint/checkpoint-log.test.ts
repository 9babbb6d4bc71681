import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CheckpointRecord } from "@bourse/task/effects";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CheckpointLog } from "./checkpoint-log.ts";
import { lockWorkDir } from "./work-dir-lock.ts";

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bourse-checkpoint-"));
  file = join(directory, "checkpoint.log");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const epoch = (epochSeen: number): CheckpointRecord => ({
  kind: "agent",
  agentId: "a1",
  epochSeen,
});

/** A log that never compacts into something else than what was appended. */
async function openLog(current: CheckpointRecord[] = []) {
  const log = await CheckpointLog.open(
    {
      directory,
      newOwner: "o1",
      isSynced: true,
      onFatal: (error) => {
        throw error;
      },
    },
    () => current,
  );
  const append = (record: CheckpointRecord) =>
    new Promise<void>((resolve) => {
      current.push(record);
      log.append([record], resolve);
    });
  return { log, append };
}

async function reopened() {
  const { log } = await openLog();
  await log.close();
  return log;
}

test("what was told durable is there after a restart, with the owner of the first start", async () => {
  const { log, append } = await openLog();
  await append(epoch(1));
  await Promise.all([append(epoch(2)), append(epoch(3))]);
  await log.close();
  const again = await reopened();
  expect(again.records).toEqual([epoch(1), epoch(2), epoch(3)]);
  expect(again.owner).toBe("o1");
});

test("records keep bytes, maps and numbers as they were", async () => {
  const framework = {
    frameworkId: "f1",
    info: {
      user: "root",
      name: "f",
      roles: ["*"],
      failoverTimeoutMs: 1,
      isCheckpointing: true,
      capabilities: [],
      minAllocatable: new Map([["*", [[]]]]),
      payload: new Uint8Array([1, 2, 255]),
    },
  };
  const { log, append } = await openLog();
  await append({ kind: "framework", framework });
  await log.close();
  const [record] = (await reopened()).records;
  expect(record).toMatchObject({ kind: "framework", framework: { frameworkId: "f1" } });
  const info = record?.kind === "framework" ? record.framework.info : null;
  expect(info?.minAllocatable).toEqual(framework.info.minAllocatable);
  expect(Array.from(info?.payload ?? [])).toEqual([1, 2, 255]);
});

test("callers are told in the order in which they came, also those without records", async () => {
  const { log } = await openLog();
  const told: number[] = [];
  log.append([epoch(1)], () => told.push(1));
  log.append([], () => told.push(2));
  log.append([epoch(2)], () => told.push(3));
  expect(told).toEqual([]);
  await log.close();
  expect(told).toEqual([1, 2, 3]);
});

test("all that waits is one write", async () => {
  const { log, append } = await openLog();
  await append(epoch(0));
  const before = (await readFile(file)).length;
  await Promise.all(Array.from({ length: 100 }, (_, index) => append(epoch(index))));
  const grown = (await readFile(file)).length - before;
  await log.close();
  const { log: other, append: appendOther } = await openLog();
  await appendOther(epoch(0));
  const one = (await readFile(file)).length;
  await appendOther(epoch(1));
  expect((await readFile(file)).length - one).toBeGreaterThan(grown / 100);
  await other.close();
});

test.each([1, 7, 9, 30])(
  "a last record torn by %i bytes is left out, and the next is readable",
  async (cut) => {
    const { log, append } = await openLog();
    await append(epoch(1));
    await append(epoch(2));
    await log.close();
    await truncate(file, (await readFile(file)).length - cut);
    const { log: torn } = await openLog();
    expect(torn.records).toEqual([epoch(1)]);
    await torn.close();
    expect((await reopened()).records).toEqual([epoch(1)]);
  },
);

test("zeros that a power cut left at the end are left out", async () => {
  const { log, append } = await openLog();
  await append(epoch(1));
  await log.close();
  await appendFile(file, Buffer.alloc(4_096));
  expect((await reopened()).records).toEqual([epoch(1)]);
});

test.each([
  ["the length of a record", 31],
  ["a record", 60],
])("damage to %s further in front is refused, not guessed over", async (_what, position) => {
  const { log, append } = await openLog();
  await append(epoch(1));
  await append(epoch(2));
  await log.close();
  const bytes = await readFile(file);
  bytes[position] = (bytes[position] ?? 0) ^ 1;
  await writeFile(file, bytes);
  await expect(openLog()).rejects.toThrow(/is damaged at byte/);
});

test("a log of another version is refused in one line that says so", async () => {
  await writeFile(file, "bourse-agent-checkpoint 9 o1\n");
  await expect(openLog()).rejects.toThrow(
    `wrong store version: ${file} has format 9, this agent reads format 2`,
  );
});

test("a log mostly of history is compacted to what is current", async () => {
  const current: CheckpointRecord[] = [];
  const { log } = await openLog(current);
  const wide = (epochSeen: number): CheckpointRecord => ({
    kind: "agent",
    agentId: "a".repeat(300_000),
    epochSeen,
  });
  for (let round = 0; round < 10; round++) {
    current.splice(0, 1, wide(round));
    await new Promise<void>((resolve) => log.append([wide(round)], resolve));
  }
  await log.close();
  expect((await readFile(file)).length).toBeLessThan(1_600_000);
  expect((await reopened()).records.at(-1)).toMatchObject({ epochSeen: 9 });
});

test("a second agent is kept out of the same work directory until the first lets go", async () => {
  const lock = await lockWorkDir(directory);
  await expect(lockWorkDir(`${directory}/.`)).rejects.toThrow(
    `in use by the agent with pid ${process.pid}`,
  );
  await lock.release();
  await (await lockWorkDir(directory)).release();
});

test("a work directory that cannot be made says why", async () => {
  await writeFile(file, "");
  await expect(lockWorkDir(join(file, "x"))).rejects.toThrow(/cannot use .*not a directory/);
  await expect(lockWorkDir(file)).rejects.toThrow("there is a file of that name");
  await expect(lockWorkDir("/proc/nowhere/x")).rejects.toThrow(
    "no such directory can be made there",
  );
});
