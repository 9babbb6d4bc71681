import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { judge } from "./fuzz/judge.ts";
import { readScenarioFile } from "./scenario-file/read-scenario-file.ts";

const DIRECTORY = fileURLToPath(new URL("../scenarios/found", import.meta.url));

/** Found and not mended yet, with the check that it breaks. One that is mended fails here, and leaves this list. */
const OPEN: ReadonlyMap<string, string> = new Map([
  ["operation-on-an-agent-that-lost-its-id.yaml", "liveness"],
]);

describe("a story that the fuzzer found ends well", () => {
  const files = readdirSync(DIRECTORY).filter((name) => name.endsWith(".yaml"));

  test.each(files.filter((name) => !OPEN.has(name)))("%s", async (name) => {
    expect(await violationsOf(name)).toEqual([]);
  });

  test.each(Array.from(OPEN))("not yet: %s breaks %s", async (name, check) => {
    expect(await violationsOf(name)).toContainEqual(expect.objectContaining({ check }));
  });
});

async function violationsOf(name: string): Promise<readonly unknown[]> {
  const { scenario } = await readScenarioFile(join(DIRECTORY, name));
  return judge(scenario, 60_000).violations;
}
