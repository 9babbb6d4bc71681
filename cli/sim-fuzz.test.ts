import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { captured } from "./captured.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "bourse-sim-fuzz-"));
  writeFileSync(join(directory, "file"), "");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  ["file", "it is no directory"],
  ["no/where", "there is no such directory"],
  ["file/in", "there is no such directory"],
])("findings that could not be kept in %s are refused before a seed is run", async (name, why) => {
  const out = join(directory, name);
  const beganMs = performance.now();
  const { code, stdout, stderr } = await captured("sim", "fuzz", "--seeds", "10000", "--out", out);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(`--out ${out} cannot be written: ${why}`);
  expect(performance.now() - beganMs).toBeLessThan(10_000);
});
