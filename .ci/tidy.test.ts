import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { breaches, FOLDERS, folderOf, importsOf, isTest, type SourceFile } from "./tidy.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What git tracks or would track, as it is in the working tree. */
function listed(...patterns: string[]): readonly string[] {
  const options = ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...patterns];
  return execFileSync("git", options, { cwd: ROOT, encoding: "utf8" })
    .split("\n")
    .filter((path) => path !== "" && existsSync(`${ROOT}/${path}`));
}

const sources: readonly SourceFile[] = listed("*.ts")
  .filter((path) => !path.startsWith("proto/gen/"))
  .map((path) => ({ path, text: readFileSync(`${ROOT}/${path}`, "utf8") }));

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(`${ROOT}/${folder}/package.json`, "utf8")) as Manifest;
}

describe("the tree", () => {
  test("obeys every rule of tidy.ts", () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(breaches(sources)).toEqual([]);
  });

  test("every package lists exactly what it imports, and references what it lists", () => {
    const problems = FOLDERS.flatMap((folder) => {
      const own = sources.filter((file) => folderOf(file.path) === folder && !isTest(file.path));
      const used = new Set(
        own.flatMap((file) => importsOf(file.text).map((found) => packageOf(found.target))),
      );
      used.delete(null);
      used.delete(folder.package);
      const listedHere = new Set(Object.keys(manifestOf(folder.path).dependencies ?? {}));
      const references = readFileSync(`${ROOT}/${folder.path}/tsconfig.json`, "utf8");
      return [
        ...[...used]
          .filter((name) => name !== null && !listedHere.has(name))
          .map((name) => `${folder.path} imports ${name}: list it in its package.json`),
        ...[...listedHere]
          .filter((name) => !used.has(name))
          .map((name) => `${folder.path} lists ${name} and never imports it: remove it`),
        ...FOLDERS.filter((other) => used.has(other.package))
          .filter((other) => !references.includes(`${other.path.split("/").at(-1)}"`))
          .map((other) => `${folder.path} imports ${other.package}: reference it in tsconfig.json`),
      ];
    });
    expect(problems).toEqual([]);
  });

  test("names no machine path, no registry host and no secret of a maintainer", () => {
    const banned = /\/work\/|\/home\/\w|registry\.npmjs|deb\.debian\.org|BEGIN [A-Z ]*PRIVATE KEY/;
    const problems = listed()
      .filter((path) => !/package-lock\.json$|^\.ci\/tidy/.test(path))
      .flatMap((path) => {
        const match = banned.exec(readFileSync(`${ROOT}/${path}`, "utf8"));
        return match === null ? [] : [`${path} has ${match[0]}`];
      });
    expect(problems).toEqual([]);
  });

  test("every document has exactly one first-level heading", () => {
    const problems = listed("*.md").filter((path) => {
      const text = readFileSync(`${ROOT}/${path}`, "utf8").replace(/```[\s\S]*?```/g, "");
      return (text.match(/^# /gm) ?? []).length !== 1;
    });
    expect(problems).toEqual([]);
  });
});

/** The npm or own package that an import names; null for files and node's own modules. */
function packageOf(target: string): string | null {
  if (target.startsWith("#")) return null; // The package's own files, by its `imports`.
  if (target.startsWith(".") || target.startsWith("node:")) return null;
  const parts = target.split("/");
  return target.startsWith("@") ? `${parts[0]}/${parts[1]}` : (parts[0] ?? null);
}

describe("the rules notice what they are for", () => {
  test.each<[rule: string, path: string, text: string, said: RegExp]>([
    [
      "the model imports nothing",
      "proto/model/a.ts",
      'import { x } from "@bourse/proto/wire/b";',
      /may import nothing/,
    ],
    [
      "a core imports no daemon",
      "master/cluster/a.ts",
      'import type { X } from "@bourse/master/run";',
      /may import/,
    ],
    [
      "master and agent never meet",
      "master/api/a.ts",
      'import { X } from "@bourse/agent/main";',
      /meet in proto/,
    ],
    [
      "packages are reached by name",
      "master/run.ts",
      'import { C } from "./cluster/cluster.ts";',
      /by its name/,
    ],
    ["a pure folder has no npm", "agent/task/a.ts", 'import pino from "pino";', /no npm or node/],
    [
      "only the allocator has regular expressions of strangers",
      "master/cluster/a.ts",
      'import { RE2JS } from "re2js";',
      /no npm or node/,
    ],
    [
      "the allocator's exception is for one package",
      "master/allocator/a.ts",
      'import pino from "pino";',
      /no npm or node/,
    ],
    ["a pure folder has no node", "agent/task/a.ts", 'import fs from "node:fs";', /no npm or node/],
    [
      "only wire sees generated code",
      "proto/a.ts",
      'import { M } from "#gen/mesos/v1/mesos_pb";',
      /only proto\/wire/,
    ],
    ["no clock", "master/cluster/a.ts", "const t = Date.now();", /take `now/],
    ["no chance", "master/allocator/a.ts", "const r = Math.random();", /forked Random/],
    [
      "no engine-dependent maths",
      "sim/engine/a.ts",
      "const r = Math.log(2);",
      /differs between engines/,
    ],
    ["no timers", "agent/task/a.ts", "setTimeout(f, 1);", /wakeAtMs/],
    ["no promises", "agent/task/a.ts", "export async function f() {}", /synchronous/],
    ["no process", "proto/model/a.ts", "const e = process.env;", /main\.ts/],
    ["no locale", "proto/model/a.ts", "a.localeCompare(b)", /locale/],
    ["no giants", "cli/a.ts", "x\n".repeat(501), /501 lines/],
    ["no utils", "cli/utils.ts", "", /name the file after/],
    ["no helpers folder", "cli/helpers/a.ts", "", /name the file after/],
    ["kebab-case", "cli/fooBar.ts", "", /kebab-case/],
    ["no barrels", "cli/index.ts", "", /no barrels/],
    ["no default exports", "cli/a.ts", "export default 1;", /default export/],
    ["no loose ends", "cli/a.ts", "// TODO later", /DECISIONS/],
    ["no any", "cli/a.ts", "let x: any;", /unknown/],
    ["no lonely tests", "cli/a.test.ts", "test.only(1)", /left out or alone/],
  ])("%s", (_rule, path, text, said) => {
    const found = breaches([{ path, text }]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(said);
  });

  test("a cycle of value imports is named file by file; type imports may go both ways", () => {
    const a = { path: "cli/a.ts", text: 'import { b } from "./b.ts";' };
    const b = { path: "cli/b.ts", text: 'import { a } from "./a.ts";' };
    expect(breaches([a, b])).toEqual([expect.stringContaining("cli/a.ts -> cli/b.ts -> cli/a.ts")]);
    expect(breaches([a, { ...b, text: 'import type { a } from "./a.ts";' }])).toEqual([]);
  });

  test.each([
    [
      "a comment may name what is banned",
      "master/cluster/a.ts",
      "// Date.now() is banned here\nexport const x = 1;",
    ],
    [
      "tests of pure code may use the runner",
      "master/cluster/a.test.ts",
      'import { test } from "vitest";',
    ],
    [
      "a shell may use npm and node",
      "master/api/a.ts",
      'import fs from "node:fs";\nimport { fastify } from "fastify";',
    ],
    [
      "the allocator may match what strangers wrote, in linear time",
      "master/allocator/a.ts",
      'import { RE2JS } from "re2js";',
    ],
    ["the process containerizer may be named", "agent/task/a.ts", 'const t = { type: "process" };'],
  ])("%s", (_rule, path, text) => {
    expect(breaches([{ path, text }])).toEqual([]);
  });
});
