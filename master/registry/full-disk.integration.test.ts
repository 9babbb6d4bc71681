import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { LmdbRegistry } from "./lmdb.ts";

const path = mkdtempSync(join(tmpdir(), "bourse-full-"));
const cannot = mount();
if (cannot !== null) console.warn(`the full-disk tests are skipped: ${cannot}`);
afterAll(() => {
  if (cannot === null) execFileSync("umount", ["--lazy", path]);
  rmdirSync(path);
});

/** A small file system of our own; null when it is there, otherwise why not. */
function mount(): string | null {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "none", path], { stdio: "pipe" });
    return null;
  } catch (error) {
    return `mount needs root: ${(error as Error).message.split("\n")[0]}`;
  }
}

describe.skipIf(cannot !== null)("on a disk that fills up", () => {
  test("an append that does not fit is refused in one line; what was durable stays", async () => {
    const directory = join(path, "registry");
    const registry = await LmdbRegistry.open(directory);
    const durable: string[] = [];
    const fill = async (): Promise<void> => {
      for (let count = 0; ; count++) {
        const agentId = `${count}`.padEnd(20_000, "x");
        const entry = { kind: "gone-agent", agentId, sinceMs: count } as const;
        await registry.append([{ op: "put", key: `gone/${count}`, entry }]);
        durable.push(agentId);
      }
    };
    await expect(fill()).rejects.toThrow(
      /^write to the registry in [^\n]*: the disk is full \(\d+ KiB free\); free some space and start the master again$/,
    );
    await registry.close();
    execFileSync("mount", ["-o", "remount,size=9m", path]);
    await expect(LmdbRegistry.open(directory)).rejects.toThrow("the disk is full");
    execFileSync("mount", ["-o", "remount,size=64m", path]);
    const again = await LmdbRegistry.open(directory);
    const entries = await again.load();
    expect(entries).toHaveLength(durable.length);
    await again.close();
  });
});
