import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { makeDataDirectory } from "./data-directory.ts";

const directory = mkdtempSync(join(tmpdir(), "bourse-data-directory-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("a directory for state", () => {
  test("is made with its parents, for its owner alone, and may be there already", () => {
    const path = join(directory, "a", "b");
    makeDataDirectory(path, "--data-dir");
    makeDataDirectory(path, "--data-dir");
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test("is refused with one line that names the flag, the path and the reason", () => {
    const file = join(directory, "file");
    writeFileSync(file, "");
    expect(() => makeDataDirectory(file, "--data-dir")).toThrow(`--data-dir ${file} is a file`);
    expect(() => makeDataDirectory(join(file, "x"), "--work-dir")).toThrow(
      /--work-dir .*below a file/,
    );
  });

  test.skipIf(process.platform !== "linux")(
    "is refused, not tried for ever, where the file system denies its parent",
    () => {
      expect(() => makeDataDirectory("/proc/bourse/x", "--data-dir")).toThrow(/cannot be made/);
    },
  );
});
