import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { cluster, REGISTER, SUBSCRIBE, undoAll } from "./testdata/test-master.ts";
import { parseWhitelist, WhitelistFile } from "./whitelist-file.ts";

/** Generous: the machine may be busy. */
const POLL = { timeout: 10_000 };
const directory = mkdtempSync(join(tmpdir(), "bourse-whitelist-"));
const file = join(directory, "whitelist");
let opened: WhitelistFile | null = null;

afterEach(async () => {
  opened?.close();
  await undoAll();
  rmSync(file, { force: true });
});

describe("a whitelist (M-51)", () => {
  test.each<[text: string, agents: readonly string[] | null]>([
    ["", []],
    ["node-2\nnode-1\n", ["node-1", "node-2"]],
    ["# all of rack 1\n node-1 # the old one\r\nnode-1\n\n", ["node-1"]],
    ["a1b2-1-S0\nnode.example\nfe80::1", ["a1b2-1-S0", "fe80::1", "node.example"]],
    ["*", null],
    ["# everybody\n*\n", null],
  ])("%j names %j", (text, agents) => {
    expect(parseWhitelist(text, "f")).toEqual(agents);
  });

  test.each<[text: string, said: string]>([
    ["node 1", "read the whitelist f: line 1 is neither a host nor an agent's id"],
    ["a\n\u0000", "line 2 is neither"],
    ["*\nnode-1", "it names agents beside *"],
  ])("%j is refused", (text, said) => {
    expect(() => parseWhitelist(text, "f")).toThrow(said);
  });

  test("of more than 100,000 lines is refused", () => {
    expect(() => parseWhitelist("a\n".repeat(100_001), "f")).toThrow("more than 100000 lines");
  });

  test("is told when it has changed; a wrong or missing file leaves what it said, with one warning", async () => {
    writeFileSync(file, "a\n");
    const warnings: string[] = [];
    const told: unknown[] = [];
    opened = await WhitelistFile.open(file, (line) => warnings.push(line), 5);
    opened.watch((agents) => told.push(agents));
    expect(opened.agents).toEqual(["a"]);
    writeFileSync(file, "# the same\na\n");
    writeFileSync(file, "b b\n");
    await expect
      .poll(() => warnings, POLL)
      .toEqual([expect.stringMatching(/line 1.*still counts$/)]);
    rmSync(file);
    await expect.poll(() => warnings.length, POLL).toBe(2);
    expect(told).toEqual([]);
    writeFileSync(file, "b\n");
    await expect.poll(() => told, POLL).toEqual([["b"]]);
    expect(warnings).toHaveLength(2);
  });

  test("that is written in place is not believed while it is empty", async () => {
    const said = [["a"], [], ["a"], ["a"], ["b"], ["b"]];
    const told: unknown[] = [];
    const read = async () => (said.length > 1 ? said.shift() : said[0]) ?? null;
    opened = await WhitelistFile.open(file, () => {}, 5, read);
    opened.watch((agents) => told.push(agents));
    await expect.poll(() => told, POLL).toEqual([["b"]]);
  });

  test("that cannot be read refuses the start", async () => {
    await expect(WhitelistFile.open(file, () => {})).rejects.toThrow("there is no such file");
  });
});

test("a master offers the agents that its whitelist names, from its start on", async () => {
  writeFileSync(file, "db-1\n");
  const { client } = await cluster({ whitelistFile: file });
  for (const hostname of ["web-1", "db-1"]) {
    const agent = client.agent();
    agent.send({ ...REGISTER, info: { ...REGISTER.info, hostname } });
    await agent.message("registered");
  }
  const framework = client.framework();
  framework.send(SUBSCRIBE);
  const { offers } = await framework.message("offers");
  expect(offers.map((offer) => offer.hostname)).toEqual(["db-1"]);
});
