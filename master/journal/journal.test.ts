import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Effects } from "@bourse/cluster/effects";
import type { ClusterConfig, ClusterInput, ClusterStart } from "@bourse/cluster/inputs";
import { RollingHash } from "@bourse/model/hash";
import type { Now } from "@bourse/model/now";
import { Random } from "@bourse/model/random";
import { afterAll, expect, test } from "vitest";
import { readJournal } from "./format.ts";
import { Journal, type JournalLimits } from "./journal.ts";
import { replayWith } from "./replay-with.ts";

const made: string[] = [];
async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "bourse-journal-"));
  made.push(path);
  return path;
}
afterAll(() => Promise.all(made.map((path) => rm(path, { recursive: true, force: true }))));

const START: ClusterStart = { config: {} as ClusterConfig, epoch: 7, seed: "s", entries: [] };

/** Counts, and answers with what it was told: its effects depend on all inputs so far. */
class Tally {
  readonly #history: RollingHash;
  readonly #skewAt: number;
  count: number;

  constructor(snapshot: Snapshot | null, skewAt = -1) {
    expect(snapshot?.ballast[999]?.index).toBe(
      snapshot === null ? undefined : 999 + snapshot.count,
    );
    this.#history = snapshot === null ? new RollingHash() : RollingHash.restore(snapshot.lanes);
    this.count = snapshot?.count ?? 0;
    this.#skewAt = skewAt;
  }

  apply(now: Now, input: ClusterInput): Effects {
    if ("cause" in input && input.cause === "bug") throw new Error("a bug");
    this.count++;
    if (this.count !== this.#skewAt) this.#history.add(input).add(now.monoMs);
    const refusal = { code: "not_found", message: this.#history.digest() } as const;
    return {
      persist: [],
      send: [{ to: "operator", request: this.count, reply: { kind: "refused", refusal } }],
      wakeAtMs: Number.POSITIVE_INFINITY,
    };
  }

  /** With a list that is written in pieces. */
  snapshot() {
    const ballast = Array.from({ length: 1_000 }, (_, index) => ({ index: index + this.count }));
    return { count: this.count, lanes: this.#history.snapshot(), ballast };
  }

  stateHash(): string {
    return this.#history.digest();
  }
}

type Snapshot = ReturnType<Tally["snapshot"]>;

function open(path: string, limits?: JournalLimits) {
  const core = new Tally(null);
  const stopped: string[] = [];
  const journal = new Journal({
    directory: path,
    build: "test",
    start: START,
    openedAt: { monoMs: 0, wallMs: 0 },
    snapshot: () => core.snapshot(),
    onStopped: (error) => stopped.push(error.message),
    ...(limits === undefined ? {} : { limits }),
  });
  return { core, journal, stopped };
}

async function record(path: string, inputs: readonly ClusterInput[], limits?: JournalLimits) {
  const { core, journal, stopped } = open(path, limits);
  let monoMs = 0;
  for (const input of inputs) {
    const now = { monoMs: monoMs++, wallMs: 1_700_000_000_000 + monoMs };
    journal.recordInput(now, input);
    try {
      journal.recordEffects(core.apply(now, input));
    } catch {
      journal.flushNow();
      break;
    }
    journal.endTurn();
  }
  return { core, journal, stopped };
}

function again(file: string, skewAt = -1) {
  return replayWith(file, ({ snapshot }) => new Tally(snapshot as Snapshot | null, skewAt));
}

/** Inputs of many shapes, so that msgpackr's table of shapes overflows and is filled again. */
function randomInputs(count: number, random: Random): ClusterInput[] {
  return Array.from({ length: count }, (): ClusterInput => {
    switch (random.below(4)) {
      case 0:
        return { principal: null, kind: "wake" };
      case 1:
        return {
          principal: "p",
          kind: "agent-closed",
          session: random.below(9),
          cause: "überlauf",
        };
      case 2: {
        const message = {
          kind: "message",
          frameworkId: random.hex(4),
          executorId: "e1",
          data: Uint8Array.from({ length: random.below(300) }, () => random.below(256)),
        } as const;
        return { principal: null, kind: "agent-message", session: 2 ** 33, message };
      }
      default: {
        const keys = Array.from({ length: random.below(12) }, () => `k${random.below(90)}`);
        const odd = Object.fromEntries(keys.map((key) => [key, random.fraction()]));
        const info = { ...odd, minAllocatable: new Map([["*", [[]]]]), absent: undefined };
        const call = { kind: "subscribe", info } as unknown as never;
        return { principal: null, kind: "framework-call", session: 1, call };
      }
    }
  });
}

const INPUTS = randomInputs(500, Random.fromSeed("journal"));

async function only(path: string): Promise<string> {
  const files = await readdir(path);
  expect(files).toHaveLength(1);
  return join(path, files[0] as string);
}

test("a replay finds the rolling hash and the state hash of the run", async () => {
  const path = await directory();
  const { core, journal } = await record(path, INPUTS);
  const digest = journal.digest;
  await journal.close(core.stateHash());
  expect(await again(await only(path))).toEqual({
    file: "0000000007-000001.journal",
    build: "test",
    epoch: 7,
    seed: "s",
    inputs: 500,
    inputsBefore: 0,
    rollingHash: digest,
    stateHash: core.stateHash(),
    isTorn: false,
    difference: null,
    failure: null,
  });
});

test("inputs come back as they were: maps, bytes, absent fields, numbers beyond 32 bits", async () => {
  const path = await directory();
  const { journal } = await record(path, INPUTS);
  await journal.close("");
  const bytes = new Uint8Array(await readFile(await only(path)));
  const inputs = [...readJournal("j", bytes).records].flatMap((found) =>
    found.kind === "input" ? [found.input] : [],
  );
  expect(inputs).toStrictEqual(INPUTS);
});

test("cut anywhere, a journal replays up to its last whole record", async () => {
  const path = await directory();
  const { journal } = await record(path, INPUTS.slice(0, 12));
  await journal.close("wrong");
  const bytes = new Uint8Array(await readFile(await only(path)));
  const whole = readJournal("j", bytes);
  const ends = [whole.position];
  for (const _record of whole.records) ends.push(whole.position);
  for (let size = 0; size < bytes.length; size++) {
    const cut = bytes.subarray(0, size);
    if (size < (ends[0] as number)) {
      expect(() => readJournal("j", cut)).toThrow(
        "read j: it is no journal, or its header is cut off",
      );
      continue;
    }
    const content = readJournal("j", cut);
    const count = [...content.records].length;
    expect([count, content.isTorn]).toEqual([
      ends.filter((end) => end <= size).length - 1,
      !ends.includes(size),
    ]);
  }
});

test("a file whose last record is torn replays without a difference", async () => {
  const path = await directory();
  const { core, journal } = await record(path, INPUTS);
  await journal.close(core.stateHash());
  const file = await only(path);
  await writeFile(file, (await readFile(file)).subarray(0, -3));
  expect(await again(file)).toMatchObject({ inputs: 500, isTorn: true, difference: null });
});

test("a replay that decides otherwise names the first input after which it did", async () => {
  const path = await directory();
  const { core, journal } = await record(path, INPUTS);
  await journal.close(core.stateHash());
  const result = await again(await only(path), 321);
  expect(result.difference).toMatch(/^other effects after input 321 \(.*\) than the master had$/);
});

test("other state without other effects is found at the clean end", async () => {
  const path = await directory();
  const { journal } = await record(path, INPUTS);
  await journal.close("0123");
  expect((await again(await only(path))).difference).toBe(
    "other state after the last input than the master had",
  );
});

test("the input that ended the master is in the journal, and the replay fails on it alike", async () => {
  const path = await directory();
  const bug: ClusterInput = { principal: null, kind: "agent-closed", session: 1, cause: "bug" };
  await record(path, [...INPUTS.slice(0, 5), bug]);
  expect(await again(await only(path))).toMatchObject({
    failure: "input 6 (agent-closed): a bug",
    difference: null,
  });
});

test("a full file is followed by one with a snapshot; only the last few stay, each replays alone", async () => {
  const path = await directory();
  const { core, journal } = await record(path, INPUTS, { fileBytesMax: 10_000, filesMax: 3 });
  await journal.close(core.stateHash());
  const files = (await readdir(path)).sort();
  expect(files).toHaveLength(3);
  let inputs = 0;
  for (const file of files) {
    const result = await again(join(path, file));
    expect(result).toMatchObject({ isTorn: false, difference: null });
    if (inputs > 0) expect(result.inputsBefore).toBe(inputs);
    inputs = result.inputsBefore + result.inputs;
  }
  expect(inputs).toBe(500);
  expect(journal.bytes).toBeGreaterThan(30_000);
});

test("files of an earlier master count among the last few", async () => {
  const path = await directory();
  for (const name of ["0000000005-000001", "0000000006-000001"]) {
    await writeFile(join(path, `${name}.journal`), "");
  }
  const { journal } = await record(path, [], { fileBytesMax: 1_000, filesMax: 2 });
  await journal.close("");
  expect((await readdir(path)).sort()).toEqual([
    "0000000006-000001.journal",
    "0000000007-000001.journal",
  ]);
});

test("a disk that fails later stops the journal with one line, and the run goes on", async () => {
  const path = await directory();
  const { core, journal, stopped } = open(path, { fileBytesMax: 2_000, filesMax: 2 });
  await rm(path, { recursive: true }); // The next file cannot be made.
  for (const input of INPUTS) {
    journal.recordInput({ monoMs: 0, wallMs: 0 }, input);
    journal.endTurn();
  }
  await journal.close(core.stateHash());
  expect(stopped).toHaveLength(1);
  expect(stopped[0]).toMatch(/^write the journal [^\n]*the master goes on without one[^\n]*$/);
  expect(journal.digest).toBeNull();
});

test("a directory that cannot be made is refused in one line", async () => {
  const path = join(await directory(), "file");
  await writeFile(path, "");
  await expect(record(path, [])).rejects.toThrow(
    /^open the journal in [^\n]*switch the journal off$/,
  );
});

test.each([
  ["not there", null, "there is no such file"],
  ["something else", "hello", "it is no journal, or its header is cut off"],
])("a file that is %s is refused by name", async (_what, text, message) => {
  const file = join(await directory(), "x.journal");
  if (text !== null) await writeFile(file, text);
  await expect(again(file)).rejects.toThrow(message);
});
