import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";

const here = import.meta.dirname;

test("the generated code is what the .proto files generate; if not: npm run generate", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "bourse-generate-"));
  try {
    execFileSync(process.execPath, [path.join(here, "generate.mjs"), folder]);
    expect(contents(path.join(here, "gen"))).toEqual(contents(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => [path.relative(folder, file), readFileSync(file, "utf8")]),
  );
}
