import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { replay } from "./journal/replay.ts";
import { startMaster } from "./main.ts";
import { LmdbRegistry } from "./registry/lmdb.ts";
import { TestClient } from "./testdata/test-client.ts";
import { lastingOptions, REGISTER, SUBSCRIBE } from "./testdata/test-master.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "bourse-killed-"));
  cleanUp.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A process of its own on the compiled program, and the lines that it prints. */
function run(script: string, ...args: string[]) {
  if (!existsSync(join(here, "dist/main.js"))) throw new Error("run `npm run build` first");
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, ...args], {
    cwd: here,
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanUp.push(() => kill(child));
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  reader.on("line", (line) => lines.push(line));
  const closed = once(reader, "close");
  const line = async (count: number): Promise<string> => {
    while (lines.length < count) await once(reader, "line");
    return lines[count - 1] as string;
  };
  return { child, lines, line, closed };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

const APPENDER = `
  import { LmdbRegistry } from "./dist/registry/lmdb.js";
  const registry = await LmdbRegistry.open(process.argv[1]);
  const entry = { kind: "gone-agent", agentId: "a", sinceMs: 1 };
  for (let count = 1; ; count++) {
    await registry.append(["left", "right"].map((side) => ({ op: "put", key: side + count, entry: { ...entry, sinceMs: count } })));
    console.log(count);
  }
`;

test.each([1, 40, 400])(
  "a registry whose master is killed after %i appends has them all, and none by half",
  async (appends) => {
    const path = await directory();
    const { child, lines, line, closed } = run(APPENDER, path);
    await line(appends);
    await kill(child);
    await closed;
    const registry = await LmdbRegistry.open(path);
    const entries = await registry.load();
    const counts = entries.map((entry) => (entry.kind === "gone-agent" ? entry.sinceMs : 0));
    await registry.close();
    expect(registry.epoch).toBe(2);
    expect(counts.length % 2).toBe(0);
    expect(counts.length / 2).toBeGreaterThanOrEqual(lines.length);
    expect(new Set(counts).size).toBe(counts.length / 2);
  },
);

const MASTER = `
  import { startMaster } from "./dist/main.js";
  import { pino } from "pino";
  const master = await startMaster({
    host: "127.0.0.1", port: 0, dataDir: process.argv[1], store: "lmdb", hasJournal: true,
    isInsecure: false, config: {}, logger: pino({ enabled: false }),
  });
  console.log(master.address);
`;

test("a master that is killed and started again knows its agents and frameworks, and its journal replays", async () => {
  const dataDir = await directory();
  const { child, line } = run(MASTER, dataDir);
  const client = new TestClient(await line(1));
  cleanUp.push(() => client.close());
  const agent = client.agent();
  agent.send(REGISTER);
  const { agentId } = await agent.message("registered");
  const framework = client.framework();
  framework.send(SUBSCRIBE);
  const { frameworkId, epoch } = await framework.message("subscribed");
  await framework.message("offers");
  // The journal gathers for a moment (D86); what it had not written then, a kill loses.
  while ((await journaledInputs(dataDir)) <= 4) await delay(10);
  await kill(child);

  const master = await startMaster(lastingOptions(dataDir));
  cleanUp.push(() => master.stop());
  expect(master.epoch).toBeGreaterThan(epoch);
  const again = new TestClient(master.address);
  cleanUp.push(() => again.close());
  const view = await again.query({ kind: "agents", page: { limit: 10 } });
  expect(view).toMatchObject({ kind: "agents", agents: [{ agentId, condition: "recovering" }] });
  const back = again.agent();
  back.send({
    kind: "reregister",
    agentId,
    info: REGISTER.info,
    epochSeen: epoch,
    tasks: [],
    frameworks: [],
    operations: [],
  });
  expect(await back.message("reregistered")).toMatchObject({ agentId, epoch: master.epoch });
  const scheduler = again.framework();
  scheduler.send({ ...SUBSCRIBE, frameworkId, epochSeen: epoch });
  expect(await scheduler.message("subscribed")).toMatchObject({ frameworkId, epoch: master.epoch });

  const journals = (await readdir(join(dataDir, "journal"))).sort();
  const result = await replay(join(dataDir, "journal", journals[0] as string));
  expect(result).toMatchObject({ epoch, difference: null, failure: null });
  expect(result.inputs).toBeGreaterThan(4);
});

/** Of the first journal; a record that is being written does not count. */
async function journaledInputs(dataDir: string): Promise<number> {
  const [first] = (await readdir(join(dataDir, "journal"))).sort();
  return (await replay(join(dataDir, "journal", first as string))).inputs;
}
