import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { captured } from "./captured.ts";

let directory = "";
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), "bourse-writable-"))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

// None of these inputs is there either, and that would be told with another exit code.
test.each<[flag: string, words: readonly string[]]>([
  ["--out", ["run"]],
  ["--report", ["run"]],
  ["--report", ["compare", "a.json", "b.json"]],
  ["--report", ["whatif", "--snapshot", "absent.json", "--drain", "node-1"]],
  ["--save", ["whatif", "--snapshot", "absent.json"]],
  ["--report", ["replay", "absent", "--set", "role-sorter=random"]],
  ["--scenario", ["replay", "absent"]],
])("%s of %j is looked at before the work begins", async (flag, words) => {
  const file = join(directory, "no", "where");
  const { code, stdout, stderr } = await captured("sim", ...words, flag, file);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(`${flag} ${file} cannot be written: there is no such directory`);
});
