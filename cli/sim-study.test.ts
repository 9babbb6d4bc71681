import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { captured } from "./captured.ts";

let directory = "";
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), "bourse-sim-study-"))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const HEADER =
  "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time";

function files(): readonly string[] {
  const nodes = join(directory, "nodes.csv");
  const pods = join(directory, "openb_pod_list_default.csv");
  writeFileSync(nodes, "sn,cpu_milli,memory_mib,gpu,model\nn0,64000,262144,2,P100\n");
  writeFileSync(pods, `${HEADER}\np1,4000,1024,1,250,,LS,Running,10,110,20\n`);
  return ["--nodes", nodes, "--pods", pods];
}

const OPENB = ["sim", "study", "openb"];

test("a study prints a table with what was published beside what was measured, and its notes", async () => {
  const { code, stdout } = await captured(
    ...[...OPENB, ...files(), "--rules", "best-fit", "--seeds", "1"],
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/RULE +50 %, PUBLISHED +50 %, OURS/i);
  expect(stdout).toMatch(/best-fit +50\.01/);
  expect(stdout).toContain("0 violations");
});

test("as JSON it is the table as data", async () => {
  const { stdout } = await captured(
    ...[...OPENB, ...files(), "--rules", "best-fit", "--seeds", "1", "-o", "json"],
  );
  const table = JSON.parse(stdout);
  expect(table).toMatchObject({ name: "openb", columns: expect.arrayContaining(["rule"]) });
  expect(table.rows[0].slice(0, 2)).toEqual(["best-fit", 50.01]);
});

test.each<[said: RegExp, args: readonly string[]]>([
  [
    /--rules names "worst"\n.*known rules: random/,
    [...OPENB, "--rules", "worst", "--nodes", "x", "--pods", "y"],
  ],
  [/--seeds "0" is not acceptable/, [...OPENB, "--seeds", "0", "--nodes", "x", "--pods", "y"]],
  [
    /cannot read .*none\.csv: there is no such file/,
    [...OPENB, "--nodes", "none.csv", "--pods", "none.csv"],
  ],
  [/required option '--nodes/, OPENB],
  [/--agents "many" is not acceptable/, ["sim", "study", "extra-delay", "--agents", "1000,many"]],
  [/--agents "0" is not acceptable/, ["sim", "study", "failover", "--agents", "0"]],
])("wrong input: %s", async (said, args) => {
  const { code, stderr } = await captured(...args);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(said);
});
