import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OperatorCall } from "@bourse/model/operator";
import { afterEach, expect, test } from "vitest";
import { replay } from "./journal/replay.ts";
import { type MasterOptions, type RunningMaster, startMaster } from "./main.ts";
import { LmdbRegistry } from "./registry/lmdb.ts";
import { TestClient } from "./testdata/test-client.ts";
import { lastingOptions, REGISTER, SUBSCRIBE } from "./testdata/test-master.ts";

const made: string[] = [];
const started: RunningMaster[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((master) => master.stop()));
  await Promise.all(made.splice(0).map((path) => rm(path, { recursive: true, force: true })));
});

async function options(differing: Partial<MasterOptions> = {}): Promise<MasterOptions> {
  const dataDir = await mkdtemp(join(tmpdir(), "bourse-master-"));
  made.push(dataDir);
  return { ...lastingOptions(dataDir), ...differing };
}

async function start(given: MasterOptions): Promise<RunningMaster> {
  const master = await startMaster(given);
  started.push(master);
  return master;
}

test("HTTP on the one port: health is 200 and empty, the root says what answers, the rest is 404", async () => {
  const master = await start(await options());
  const health = await fetch(`http://${master.address}/health`);
  expect([health.status, await health.text()]).toEqual([200, ""]);
  const root = await fetch(`http://${master.address}/`);
  expect(await root.json()).toMatchObject({ name: "bourse master", epoch: 1 });
  const missing = await fetch(`http://${master.address}/nope`);
  expect([missing.status, await missing.json()]).toMatchObject([404, { code: "not_found" }]);
});

test("metrics have Mesos' names in Prometheus' format (M-79)", async () => {
  const master = await start(await options());
  const text = await (await fetch(`http://${master.address}/metrics`)).text();
  for (const line of [
    /^master_uptime_seconds \d/m,
    /^master_elected 1$/m,
    /^master_epoch 1$/m,
    /^master_tasks\{state="TASK_RUNNING"\} 0$/m,
    /^master_agents\{condition="active"\} 0$/m,
    /^master_frameworks\{condition="active"\} 0$/m,
    /^master_outstanding_offers 0$/m,
    /^master_queue_length\{queue="inbox"\} 0$/m,
    /^master_apply_seconds_count\{input="wake"\} \d/m,
    /^master_allocation_run_seconds_count\{trigger="change"\} \d/m,
    /^master_journal_bytes [1-9]/m,
    /^master_registry_store_seconds_count 0$/m,
    /^allocator_roles_cut 0$/m,
    /^master_operations\{state="OPERATION_PENDING"\} 0$/m,
  ]) {
    expect(text).toMatch(line);
  }
});

test("each start on the same store has a higher epoch; its journals replay to the same hashes", async () => {
  const given = await options();
  for (const epoch of [1, 2]) {
    const master = await start(given);
    expect(master.epoch).toBe(epoch);
    await master.stop();
    const journals = (await readdir(join(given.dataDir, "journal"))).sort();
    expect(journals).toHaveLength(epoch);
    const result = await replay(join(given.dataDir, "journal", journals.at(-1) as string));
    expect(result).toMatchObject({
      epoch,
      rollingHash: master.rollingHash(),
      isTorn: false,
      difference: null,
      failure: null,
    });
  }
});

test("quota, weights and the maintenance schedule outlive the master, and their calls replay (M-3)", async () => {
  const given = await options();
  const quota = { role: "eng", guarantees: [], limits: [{ name: "cpus", milli: 2000 }] };
  const machines = [{ hostname: "h1" }];
  const window = { machines, unavailability: { startMs: 1_000, durationMs: 5 } };
  const calls: readonly OperatorCall[] = [
    { kind: "update-quotas", quotas: [quota], isForced: false },
    { kind: "update-weights", weights: [{ role: "eng", weightMilli: 2500 }] },
    { kind: "update-maintenance-schedule", windows: [window] },
    { kind: "start-maintenance", machines },
  ];
  const first = await start(given);
  const before = new TestClient(first.address);
  for (const call of calls) expect(await before.call(call)).toEqual({ kind: "done" });
  const framework = before.framework();
  const isDatabase = { type: "text-matches", pattern: "db-.*" } as const;
  const constraints = [[{ selector: { type: "hostname" }, predicate: isDatabase } as const]];
  framework.send({ ...SUBSCRIBE, offerConstraints: new Map([["*", constraints]]) });
  await framework.message("subscribed");
  before.close();
  await first.stop();
  const [journal] = await readdir(join(given.dataDir, "journal"));
  const result = await replay(join(given.dataDir, "journal", journal as string));
  expect(result).toMatchObject({ rollingHash: first.rollingHash(), difference: null });

  const second = await start(given);
  const after = new TestClient(second.address);
  expect(await after.query({ kind: "roles", page: { limit: 10 } })).toMatchObject({
    roles: [{ role: "*" }, { role: "eng", weightMilli: 2500, quota }],
  });
  expect(await after.query({ kind: "maintenance" })).toMatchObject({
    machines: [{ machine: machines[0], mode: "down", unavailability: window.unavailability }],
  });
  const agent = after.agent();
  agent.send(REGISTER);
  expect((await agent.message("error")).refusal.message).toContain("h1");
  after.close();
});

test("a port in use is refused in one line, and the store is not touched", async () => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => squatter.once("listening", resolve));
  const { port } = squatter.address() as { port: number };
  const given = await options({ port });
  await expect(startMaster(given)).rejects.toThrow(
    `listen on 127.0.0.1:${port}: another program uses this port; stop it, or take another with --port`,
  );
  expect(await readdir(given.dataDir)).toEqual([]);
  squatter.close();
});

test("a refused start gives the port back", async () => {
  const given = await options();
  await writeFile(join(given.dataDir, "registry"), "");
  await expect(startMaster(given)).rejects.toThrow(/registry.*it is a file; name a directory$/);
  await rm(join(given.dataDir, "registry"));
  await start(given);
});

test.each([
  ["0.0.0.0", false],
  ["192.0.2.1", false],
  ["::", false],
])("listening on %s without --insecure is refused with the reason (D11)", async (host) => {
  await expect(startMaster(await options({ host }))).rejects.toThrow(
    new RegExp(`^listen on ${host}: whoever reaches this port can run commands [^\\n]*--insecure`),
  );
});

test.each([
  [{ allocationIntervalMs: 0 }, "allocationIntervalMs is 0"],
  [{ offerTimeoutMs: 1.5 }, "offerTimeoutMs is 1.5"],
  [{ agentPingMissesMax: Number.NaN }, "agentPingMissesMax is NaN"],
])("a configuration of %j is refused by the name of the field", async (config, message) => {
  await expect(startMaster(await options({ config }))).rejects.toThrow(message);
});

test("a master whose store another one takes over goes silent and says why in one line", async () => {
  const given = await options();
  const master = await start(given);
  const registry = join(given.dataDir, "registry");
  await rm(join(registry, "master.lock")); // As when the other runs on another host.
  const other = await LmdbRegistry.open(registry);
  const client = new TestClient(master.address);
  const agent = client.agent();
  agent.send(REGISTER);
  expect((await master.fatal).message).toBe(
    `write to the registry in ${registry}: another master has taken it over`,
  );
  expect(await agent.end()).toMatch(/^14: /);
  expect(agent.messages).toEqual([]);
  client.close();
  await other.close();
});

test("stop is idempotent and leaves nothing that keeps the process or the directory", async () => {
  const given = await options();
  const master = await start(given);
  await Promise.all([master.stop(), master.stop()]);
  await expect(fetch(`http://${master.address}/health`)).rejects.toThrow();
  expect(await readdir(join(given.dataDir, "registry"))).not.toContain("master.lock");
});
