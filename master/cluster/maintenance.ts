import { present } from "@bourse/model/assert";
import type { Refusal } from "@bourse/model/errors";
import type { AgentId } from "@bourse/model/ids";
import type { Machine, MachineMode, MaintenanceWindow } from "@bourse/model/maintenance";
import type { MachineView } from "@bourse/model/operator";
import { dismiss, isAdmitted, rescindAll } from "./agents.ts";
import { askToLeave } from "./inverse-offers.ts";
import { hostKey, isSame, type Maintenance, machinesIn } from "./machines.ts";
import { goneAgentKey, goneAgentRecord, maintenanceRecord } from "./maintenance-records.ts";
import { scheduleProblem } from "./maintenance-validation.ts";
import { deletion } from "./registry-records.ts";
import type { Agent, ClusterState, Turn } from "./state.ts";

/** Ids of agents that may never return with what they ran; a record is about 60 bytes. */
const GONE_AGENTS_MAX = 10_000;

/**
 * Maintenance of machines (M-71), by host name without case.
 *
 *   up -> draining   at once when it is scheduled: offers of its agents are taken back and made anew with their
 *                    `unavailability`; frameworks with tasks there are asked to leave (inverse-offers.ts)
 *   draining -> up   when it leaves the schedule
 *   draining -> down start-maintenance: its agents are gone, and none of that host may register
 *   down -> up       stop-maintenance, which also takes it out of the schedule
 *
 * This call replaces the whole schedule; a machine of which nothing changes is left in peace.
 */
export function updateSchedule(turn: Turn, given: readonly MaintenanceWindow[]): Refusal | null {
  const { maintenance } = turn.state;
  const windows = given.map(normalized);
  const problem = scheduleProblem(windows, maintenance.down);
  if (problem !== null) return problem;
  if (JSON.stringify(windows) === JSON.stringify(maintenance.windows)) return null;
  setWindows(turn, windows);
  return null;
}

/** Takes machines down: their agents are removed, their tasks are gone. Nothing for those that are down already. */
export function startMaintenance(turn: Turn, machines: readonly Machine[]): Refusal | null {
  const { maintenance, agents } = turn.state;
  const hosts = machines.map(hostOf);
  const problem = machinesProblem("start", hosts);
  if (problem !== null) return problem;
  const stranger = hosts.find((host) => !maintenance.scheduled.has(host));
  if (stranger !== undefined) {
    return {
      code: "conflict",
      message: `cannot start maintenance: machine ${stranger} is not in the maintenance schedule`,
      hint: "schedule it first with `bourse maintenance schedule`",
    };
  }
  const taken = new Set(hosts.filter((host) => !maintenance.down.has(host)));
  if (taken.size === 0) return null;
  for (const host of taken) maintenance.down.add(host);
  turn.out.persist(maintenanceRecord(maintenance));
  for (const agent of Array.from(agents.values()))
    if (taken.has(hostKey(agent.info.hostname))) takeDown(turn, agent);
  for (const hostname of taken)
    turn.out.change({ kind: "maintenance-changed", hostname, mode: "down" });
  return null;
}

/** Brings machines up and takes them out of the schedule. Nothing for those that are up. */
export function stopMaintenance(turn: Turn, machines: readonly Machine[]): Refusal | null {
  const { maintenance } = turn.state;
  const hosts = machines.map(hostOf);
  const problem = machinesProblem("stop", hosts);
  if (problem !== null) return problem;
  const draining = hosts.find(
    (host) => maintenance.scheduled.has(host) && !maintenance.down.has(host),
  );
  if (draining !== undefined) {
    return {
      code: "conflict",
      message: `cannot stop maintenance: machine ${draining} is not down, only scheduled`,
      hint: "take it out of the schedule instead",
    };
  }
  const raised = new Set(hosts.filter((host) => maintenance.down.delete(host)));
  if (raised.size === 0) return null;
  const windows = maintenance.windows
    .map(({ machines: all, unavailability }) => ({
      machines: all.filter(({ hostname }) => !raised.has(hostname)),
      unavailability,
    }))
    .filter(({ machines: left }) => left.length > 0);
  setWindows(turn, windows);
  return null;
}

/** By host name. */
export function machineViews({ maintenance, agents }: ClusterState): readonly MachineView[] {
  const views = new Map<
    string,
    { agentIds: AgentId[]; answers: MachineView["answers"][number][] }
  >();
  const hosts = Array.from(maintenance.scheduled.keys()).sort();
  for (const host of hosts) views.set(host, { agentIds: [], answers: [] });
  for (const { agentId, info } of agents.values())
    views.get(hostKey(info.hostname))?.agentIds.push(agentId);
  for (const [agentId, asked] of maintenance.asked) {
    const view = views.get(hostKey(agents.get(agentId)?.info.hostname ?? ""));
    for (const { frameworkId, answer } of asked.values())
      view?.answers.push({ frameworkId, agentId, answer });
  }
  return hosts.map((hostname) => ({
    machine: { hostname },
    mode: modeOf(maintenance, hostname),
    unavailability: present(maintenance.scheduled.get(hostname), "the time of a machine"),
    ...present(views.get(hostname), "the view of a machine"),
  }));
}

/** Machines that came, went or got another time: offers that say otherwise are taken back. */
function setWindows(turn: Turn, windows: readonly MaintenanceWindow[]): void {
  const { maintenance, agents } = turn.state;
  const before = new Map(maintenance.scheduled);
  maintenance.windows = windows;
  maintenance.scheduled.clear();
  for (const [host, unavailability] of machinesIn(windows))
    maintenance.scheduled.set(host, unavailability);
  turn.out.persist(maintenanceRecord(maintenance));
  const changed = new Set<string>();
  for (const host of new Set([...before.keys(), ...maintenance.scheduled.keys()])) {
    const after = maintenance.scheduled.get(host);
    if (!isSame(before.get(host), after)) changed.add(host);
  }
  for (const agent of agents.values()) {
    const host = hostKey(agent.info.hostname);
    if (!changed.has(host)) continue;
    const isScheduled = maintenance.scheduled.has(host);
    const cause = `the agent's machine ${isScheduled ? "is scheduled for maintenance" : "left the maintenance schedule"}`;
    rescindAll(turn, agent, cause);
  }
  for (const hostname of Array.from(changed).sort()) {
    const mode = maintenance.scheduled.has(hostname) ? modeOf(maintenance, hostname) : "up";
    turn.out.change({ kind: "maintenance-changed", hostname, mode });
  }
  askToLeave(turn);
}

/**
 * The agent ends its tasks if it hears of it; if not, it is told when it comes back. One that is out of reach stays so: it
 * may return with its tasks when the machine is up again.
 */
function takeDown(turn: Turn, agent: Agent): void {
  if (!isAdmitted(agent) && agent.condition !== "recovering") return;
  const { state, now, out } = turn;
  const { agentId, session } = agent;
  const cause = "its machine was taken down for maintenance";
  if (session !== null) out.toAgent(session, { kind: "shutdown", message: cause });
  state.goneAgents.set(agentId, now.wallMs);
  out.persist(goneAgentRecord(agentId, now.wallMs));
  forgetGone(turn);
  dismiss(turn, agent, cause);
}

/** Ids of agents that are gone are kept to turn them away; the oldest are forgotten. */
function forgetGone({ state, out }: Turn): void {
  for (const agentId of state.goneAgents.keys()) {
    if (state.goneAgents.size <= GONE_AGENTS_MAX) return;
    state.goneAgents.delete(agentId);
    out.persist(deletion(goneAgentKey(agentId)));
  }
}

function machinesProblem(verb: "start" | "stop", hosts: readonly string[]): Refusal | null {
  const problem =
    hosts.length === 0
      ? "no machine is named"
      : hosts.includes("")
        ? "a machine has no host name"
        : new Set(hosts).size < hosts.length
          ? "a machine is named twice"
          : null;
  if (problem === null) return null;
  return { code: "invalid_call", message: `cannot ${verb} maintenance: ${problem}` };
}

function normalized({ machines, unavailability }: MaintenanceWindow): MaintenanceWindow {
  const hosts = machines.map(hostOf).sort();
  return { machines: hosts.map((hostname) => ({ hostname })), unavailability };
}

/** Of a machine of the schedule. */
function modeOf({ down }: Maintenance, host: string): MachineMode {
  return down.has(host) ? "down" : "draining";
}

function hostOf({ hostname }: Machine): string {
  return hostKey(hostname);
}
