import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { afterAll, expect, test } from "vitest";
import { LmdbRegistry } from "./lmdb.ts";
import { registryContract } from "./registry-contract.ts";

const made: string[] = [];
async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "bourse-registry-"));
  made.push(path);
  return path;
}
afterAll(() => Promise.all(made.map((path) => rm(path, { recursive: true }))));

registryContract("LmdbRegistry", async () => {
  const path = await directory();
  return { open: () => LmdbRegistry.open(path) };
});

test("a second master on the same directory is refused by the pid of the first", async () => {
  const path = await directory();
  const first = await LmdbRegistry.open(path);
  await expect(LmdbRegistry.open(path)).rejects.toThrow(
    `open ${path}: the master with pid ${process.pid} on this host uses it; stop that one, or name another directory`,
  );
  await first.close();
  await (await LmdbRegistry.open(path)).close();
});

test.each([
  ["a process that is gone", { pid: 2 ** 22 + 1, host: hostname(), startedAt: "1" }],
  ["a process that reused its pid", { pid: process.pid, host: hostname(), startedAt: "1" }],
  ["another host", { pid: process.pid, host: "elsewhere", startedAt: "" }],
])("a lock left by %s is taken over and leaves no file behind", async (_whose, owner) => {
  const path = await directory();
  await writeFile(join(path, "master.lock"), JSON.stringify(owner));
  const registry = await LmdbRegistry.open(path);
  await registry.close();
  expect((await readdir(path)).filter((file) => file.startsWith("master.lock"))).toEqual([]);
});

test("an owner that was followed by another can no longer write", async () => {
  const path = await directory();
  const first = await LmdbRegistry.open(path);
  await rm(join(path, "master.lock")); // As when the other runs on another host.
  const second = await LmdbRegistry.open(path);
  await expect(first.append([{ op: "delete", key: "k" }])).rejects.toThrow("taken it over");
  await second.append([{ op: "delete", key: "k" }]);
  await first.close();
  await second.close();
});

test("a store of another version is refused in one line that names both", async () => {
  const path = await directory();
  const store = open({ path, noSubdir: false, maxDbs: 4 });
  const meta = store.openDB<number, string>("meta", { encoding: "msgpack", useVersions: true });
  await meta.put("version", 99, 99);
  await store.close();
  await expect(LmdbRegistry.open(path)).rejects.toThrow(
    /^open the registry in .*: it has store version 99, this program knows version 1; [^\n]*$/,
  );
});

test("a path that is a file is refused in one line", async () => {
  const path = join(await directory(), "file");
  await writeFile(path, "");
  await expect(LmdbRegistry.open(path)).rejects.toThrow(
    `make the registry's directory ${path}: it is a file; name a directory`,
  );
});
