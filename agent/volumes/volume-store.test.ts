import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterError } from "@bourse/model/errors";
import { afterEach, beforeEach, expect, test } from "vitest";
import { VolumeStore } from "./volume-store.ts";

let workDir: string;
let errors: ClusterError[];
let store: VolumeStore;
const V1 = { role: "eng", id: "v1" };

beforeEach(() => {
  workDir = mkdtempSync(join(tmpdir(), "bourse-volumes-"));
  errors = [];
  store = new VolumeStore(workDir, (error) => errors.push(error));
});
afterEach(async () => {
  await store.close();
  rmSync(workDir, { recursive: true, force: true });
});

test("a volume is a directory in which any user of a container may write", () => {
  store.create(V1, true);
  expect(statSync(join(workDir, "volumes/roles/eng/v1")).mode & 0o777).toBe(0o777);
});

test("making a volume sure of its directory keeps what is in it; making it anew does not", () => {
  store.create(V1, true);
  const file = join(store.pathOf(V1), "file");
  writeFileSync(file, "kept");
  store.create(V1, false);
  expect(readFileSync(file, "utf8")).toBe("kept");
  store.create(V1, true);
  expect(existsSync(file)).toBe(false);
});

test("the data of a destroyed volume is deleted, at once out of the way and in a while off the disk", async () => {
  store.create(V1, true);
  writeFileSync(join(store.pathOf(V1), "file"), "secret");
  store.destroy(V1);
  expect(existsSync(store.pathOf(V1))).toBe(false);
  store.destroy(V1);
  await store.close();
  expect(readdirSync(join(workDir, "volumes"))).toEqual(["roles"]);
  expect(errors).toEqual([]);
});

test("what an agent had no time to delete is deleted at the next start", async () => {
  store.create(V1, true);
  store.destroy(V1);
  await store.close();
  const stale = new VolumeStore(workDir, () => {});
  stale.create({ role: "trash", id: "v2" }, true);
  await stale.close();
  expect(existsSync(join(workDir, "volumes/trash"))).toBe(false);
});

test("a disk that is a volume as a whole is emptied, not removed (M-69)", async () => {
  const root = join(workDir, "disk");
  const volume = { ...V1, disk: { type: "mount", root } } as const;
  store.create(V1, true);
  rmSync(root, { recursive: true, force: true });
  const other = mkdtempSync(join(workDir, "disk-"));
  const mounted = { ...volume, disk: { type: "mount", root: other } } as const;
  writeFileSync(join(other, "file"), "data");
  store.destroy(mounted);
  await store.close();
  expect(readdirSync(other)).toEqual([]);
});

test("a directory that cannot be made is told with what to do", () => {
  writeFileSync(join(workDir, "volumes"), "");
  store.create(V1, false);
  expect(errors[0]?.message).toMatch(
    /^cannot make volume v1 of role eng in .*: a part of the path is a file/,
  );
});
