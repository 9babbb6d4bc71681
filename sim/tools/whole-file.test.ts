import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeLoadFile } from "./load-file/write-load-file.ts";
import { writeWholeFile } from "./whole-file.ts";

let directory = "";
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "bourse-whole-file-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const at = (name: string): string => join(directory, name);

test("a file is replaced, and nothing else is left", () => {
  writeWholeFile(at("a"), "1");
  writeWholeFile(at("a"), "2");
  expect(readFileSync(at("a"), "utf8")).toBe("2");
  expect(readdirSync(directory)).toEqual(["a"]);
});

test("a link stays one: what it leads to is written", () => {
  writeWholeFile(at("a"), "1");
  symlinkSync(at("a"), at("link"));
  writeWholeFile(at("link"), "2");
  expect(lstatSync(at("link")).isSymbolicLink()).toBe(true);
  expect(readFileSync(at("a"), "utf8")).toBe("2");
});

test("a disk without room is told, with what to do", () => {
  expect(() => writeWholeFile("/dev/full", "x")).toThrow(
    expect.objectContaining({
      code: "invalid_call",
      message: expect.stringMatching(/^cannot write \/dev\/full: ENOSPC/),
      hint: expect.stringContaining("name a file"),
    }),
  );
  expect(lstatSync("/dev/full").isCharacterDevice()).toBe(true);
});

test.each(["missing/a", ".", "file/a"])("%s cannot be written", (name) => {
  if (name === "file/a") writeWholeFile(at("file"), "");
  const before = readdirSync(directory);
  expect(() => writeWholeFile(at(name), "x")).toThrow(/^cannot write /);
  expect(readdirSync(directory)).toEqual(before);
});

test("a pipe gets what is written, and stays a pipe", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  const read = readFile(at("pipe"), "utf8");
  await writeLoadFile(at("pipe"), [{ atMs: 5, count: 1, amounts: [], runMs: 1, job: "" }]);
  expect(await read).toContain("\n5,1,");
  expect(lstatSync(at("pipe")).isFIFO()).toBe(true);
  expect(readdirSync(directory)).toEqual(["pipe"]);
});
