import { Allocator } from "@bourse/allocator/allocator";
import { assert } from "@bourse/model/assert";
import { Random } from "@bourse/model/random";
import type { RegistryEntry } from "@bourse/model/registry";
import { newAgent } from "./agents.ts";
import { admitFramework, disconnectFramework } from "./allocation.ts";
import { RETURN_GRACE_HEARTBEATS, UNREACHABLE_AGENT_KEPT_MS } from "./config.ts";
import { failoverTimeoutMs, newFramework } from "./frameworks.ts";
import type { ClusterConfig, ClusterStart } from "./inputs.ts";
import { loadMaintenance, noMaintenance } from "./machines.ts";
import { frameworkRecord } from "./registry-records.ts";
import type { ClusterState, Turn } from "./state.ts";
import { Timers } from "./timers.ts";

/** The state of a master that has just been elected: what the registry held, and nobody connected. */
export function initialState(start: ClusterStart): ClusterState {
  const { config, epoch, seed } = start;
  checkConfig(config);
  const random = Random.fromSeed(seed);
  const allocator = new Allocator({ random: random.fork("allocator"), config });
  const state: ClusterState = {
    config,
    epoch,
    // Chance keeps ids apart when a registry was wiped and its epochs begin again.
    masterId: `${random.fork("master-id").hex(4)}-${epoch}`,
    counters: {
      startedAtMs: null,
      inputs: 0,
      sequence: 0,
      frameworks: 0,
      agents: 0,
      offers: 0,
      inverseOffers: 0,
      tasks: 0,
      operations: 0,
      recovering: 0,
      awaited: 0,
    },
    frameworks: new Map(),
    completedFrameworks: new Map(),
    agents: new Map(),
    newcomers: new Map(),
    goneAgents: new Map(),
    offers: new Map(),
    operations: new Map(),
    sessions: new Map(),
    taskCounts: new Map(),
    allocatedMilli: new Map(),
    maintenance: noMaintenance(),
    whitelist: config.whitelist && new Set(config.whitelist),
    timers: new Timers(),
    allocator,
  };
  for (const entry of inOrder(start.entries)) loadEntry(state, entry);
  return state;
}

/** A timer that sets itself again at once would never let a wake end. Flags are validated by the shell. */
function checkConfig({
  agentPingIntervalMs,
  frameworkHeartbeatMs,
  agentPingMissesMax,
}: ClusterConfig) {
  assert(agentPingIntervalMs > 0, "the ping interval must be positive");
  assert(frameworkHeartbeatMs > 0, "the heartbeat interval must be positive");
  assert(agentPingMissesMax >= 1, "at least one ping must be missed before an agent is given up");
}

/** The first input, whichever it is: from now on times count. */
export function begin(turn: Turn): void {
  const { state, now } = turn;
  const { timers, config } = state;
  state.counters.startedAtMs = now.wallMs;
  timers.set("allocate", "", now.monoMs);
  if (state.counters.recovering > 0) {
    if (state.allocator.quotas().length > 0) state.counters.awaited = state.counters.recovering;
    timers.set("recovery-ends", "", now.monoMs + config.agentReregisterTimeoutMs);
  }
  for (const agent of state.agents.values()) {
    if (agent.unreachableSinceMs === null) continue;
    const leftMs = agent.unreachableSinceMs + UNREACHABLE_AGENT_KEPT_MS - now.wallMs;
    timers.set("forget-agent", agent.agentId, now.monoMs + Math.max(0, leftMs));
  }
  for (const framework of state.frameworks.values()) {
    if (framework.disconnectedSinceMs === null) {
      // It was connected when the master before this one ended: it is away since now.
      framework.disconnectedSinceMs = now.wallMs;
      turn.out.persist(frameworkRecord(framework));
    }
    const timeoutMs = failoverTimeoutMs(state, framework.info);
    const leftMs = framework.disconnectedSinceMs + timeoutMs - now.wallMs;
    // While there was no master it could not have come back.
    const graceMs = Math.min(timeoutMs, RETURN_GRACE_HEARTBEATS * config.frameworkHeartbeatMs);
    const removeAtMs = now.monoMs + Math.min(Math.max(leftMs, graceMs), timeoutMs);
    timers.set("remove-framework", framework.frameworkId, removeAtMs);
  }
}

function loadEntry(state: ClusterState, entry: RegistryEntry): void {
  switch (entry.kind) {
    case "agent": {
      const { agentId, info } = entry.agent;
      const agent = newAgent(agentId, info, entry.registeredAtMs);
      agent.isDeactivated = entry.isDeactivated;
      agent.unreachableSinceMs = entry.unreachableSinceMs ?? null;
      if (entry.registrationKey !== undefined) {
        agent.registrationKey = entry.registrationKey;
        agent.knowsItsId = false;
        state.newcomers.set(entry.registrationKey, agent);
      }
      agent.condition = agent.unreachableSinceMs === null ? "recovering" : "unreachable";
      if (agent.condition === "recovering") state.counters.recovering++;
      state.agents.set(agentId, agent);
      return;
    }
    case "gone-agent":
      state.goneAgents.set(entry.agentId, entry.sinceMs);
      return;
    case "framework": {
      const { frameworkId, info } = entry.framework;
      const framework = newFramework(state, frameworkId, info, entry.registeredAtMs);
      framework.disconnectedSinceMs = entry.disconnectedSinceMs ?? null;
      state.frameworks.set(frameworkId, framework);
      admitFramework(state, framework);
      disconnectFramework(state, framework);
      return;
    }
    case "completed-framework": {
      const { frameworkId, name, atMs } = entry;
      state.completedFrameworks.set(frameworkId, { frameworkId, name, atMs, last: null });
      return;
    }
    case "quota":
      state.allocator.updateQuota(entry.quota);
      return;
    case "weight":
      state.allocator.updateWeight(entry.weight.role, entry.weight.weightMilli / 1000);
      return;
    case "maintenance":
      loadMaintenance(state, entry);
      return;
  }
}

/** A registry has no order of its own: the oldest first, then by id, so that every replay starts alike. */
function inOrder(entries: readonly RegistryEntry[]): readonly RegistryEntry[] {
  const keyed = entries.map((entry) => ({ entry, ...orderOf(entry) }));
  keyed.sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return keyed.map(({ entry }) => entry);
}

function orderOf(entry: RegistryEntry): { readonly atMs: number; readonly id: string } {
  switch (entry.kind) {
    case "agent":
      return { atMs: entry.registeredAtMs, id: entry.agent.agentId };
    case "gone-agent":
      return { atMs: entry.sinceMs, id: entry.agentId };
    case "framework":
      return { atMs: entry.registeredAtMs, id: entry.framework.frameworkId };
    case "completed-framework":
      return { atMs: entry.atMs, id: entry.frameworkId };
    case "quota":
      return { atMs: 0, id: entry.quota.role };
    case "weight":
      return { atMs: 0, id: entry.weight.role };
    case "maintenance":
      return { atMs: 0, id: "" };
  }
}
