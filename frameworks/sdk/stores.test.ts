import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { compacting, fileIntents, type IntentStore, memoryIntents } from "./intent-log.ts";
import { type FrameworkStore, fileStore, memoryStore } from "./stores.ts";

const directory = mkdtempSync(join(tmpdir(), "bourse-stores-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;
const fresh = () => join(directory, `deep/file-${++files}`);

const RECORD = { kind: "framework", frameworkId: "f1", epochSeen: 7 } as const;

function frameworkStoreContract(name: string, open: () => FrameworkStore): void {
  describe(name, () => {
    test("gives back what was saved last, and nothing before or after", async () => {
      const store = open();
      expect(await store.load()).toBeUndefined();
      await store.save({ ...RECORD, epochSeen: 1 });
      await store.save(RECORD);
      expect(await store.load()).toEqual(RECORD);
      await store.clear();
      expect(await store.load()).toBeUndefined();
    });
  });
}

frameworkStoreContract("memoryStore", () => memoryStore());
frameworkStoreContract("fileStore", () => fileStore(fresh()));

test("a framework id outlives its process in a file (N-06)", async () => {
  const path = fresh();
  await fileStore(path).save(RECORD);
  expect(await fileStore(path).load()).toEqual(RECORD);
});

test.each(["", "{", "null", '{"kind":"framework"}'])(
  "a file that holds %j is refused with what to do, never taken for none",
  async (text) => {
    const path = join(directory, `bad-${++files}`);
    writeFileSync(path, text);
    await expect(fileStore(path).load()).rejects.toMatchObject({
      code: "internal",
      message: expect.stringContaining("is no framework record"),
      hint: expect.stringContaining("move it away"),
    });
  },
);

test("a file that cannot be written is a typed error with its path", async () => {
  const path = join(directory, "a-file", "below");
  writeFileSync(join(directory, "a-file"), "");
  await expect(fileStore(path).save(RECORD)).rejects.toMatchObject({
    code: "internal",
    message: expect.stringContaining(path),
  });
});

function intentStoreContract(name: string, open: () => IntentStore): void {
  describe(name, () => {
    test("gives back all that was appended, in order, bytes included", async () => {
      const store = open();
      expect(await store.load()).toEqual([]);
      await store.append([{ a: 1 }, { b: new Uint8Array([1, 2]) }]);
      await store.append([{ c: Buffer.from("x") }]);
      const [first, second, third] = (await store.load()) as Record<string, Uint8Array>[];
      expect([first, second]).toEqual([{ a: 1 }, { b: new Uint8Array([1, 2]) }]);
      expect(Array.from(third?.c ?? [])).toEqual([120]);
      await store.close();
    });

    test("a rewrite replaces all, and appending goes on after it", async () => {
      const store = open();
      await store.append([1, 2, 3]);
      await store.rewrite([9]);
      await store.append([10]);
      expect(await store.load()).toEqual([9, 10]);
      await store.close();
    });
  });
}

intentStoreContract("memoryIntents", () => memoryIntents());
intentStoreContract("fileIntents", () => fileIntents(fresh()));

test("a torn last line is dropped, and what comes next is not glued to it", async () => {
  const path = fresh();
  const store = fileIntents(path);
  await store.append([{ a: 1 }]);
  await store.close();
  appendFileSync(path, '{"b":');
  const later = fileIntents(path);
  expect(await later.load()).toEqual([{ a: 1 }]);
  await later.append([{ c: 3 }]);
  expect(await later.load()).toEqual([{ a: 1 }, { c: 3 }]);
  await later.close();
});

test("damage anywhere else is refused with the line", async () => {
  const path = fresh();
  const store = fileIntents(path);
  await store.append([1]);
  await store.close();
  appendFileSync(path, "oops\n2\n");
  await expect(fileIntents(path).load()).rejects.toThrow(`${path}, line 2, is damaged`);
});

test("a log is rewritten to what it says in the end once it has grown", async () => {
  const path = fresh();
  const store = compacting(fileIntents(path), () => ["sum"], 3);
  await store.append([1, 2]);
  await store.append([3, 4]);
  expect(readFileSync(path, "utf8")).toBe('"sum"\n');
  await store.close();
});

test("a log that cannot be written is a typed error with its path", async () => {
  const path = join(directory, "a-file", "log");
  await expect(fileIntents(path).append([1])).rejects.toMatchObject({
    code: "internal",
    message: expect.stringContaining(path),
  });
});
