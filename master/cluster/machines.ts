import type { Refusal } from "@bourse/model/errors";
import type { AgentId, FrameworkId, InverseOfferId } from "@bourse/model/ids";
import type { MaintenanceWindow, Unavailability } from "@bourse/model/maintenance";
import type { RegistryEntry } from "@bourse/model/registry";
import type { ClusterState } from "./state.ts";

/** What the master knows of machines under maintenance (M-71); maintenance.ts changes it and draws their life. */
export interface Maintenance {
  /** Host names in lower case, sorted within a window. */
  windows: readonly MaintenanceWindow[];
  readonly down: Set<string>;
  /** By host name; follows from the windows. */
  readonly scheduled: Map<string, Unavailability>;
  /** Frameworks that were asked to leave agents. */
  readonly asked: Map<AgentId, Map<FrameworkId, Asked>>;
  /** Inverse offers without an answer; follows from `asked`. */
  readonly outstanding: Map<InverseOfferId, Asked>;
}

export interface Asked {
  readonly frameworkId: FrameworkId;
  readonly agentId: AgentId;
  readonly unavailability: Unavailability;
  /** Null once it is answered, or its stream is over. */
  inverseOfferId: InverseOfferId | null;
  answer: "accepted" | "declined" | "none";
  /** In `monoMs`: when a declined one is made again. */
  askAgainAtMs: number;
}

export interface MaintenanceSnapshot {
  readonly windows: readonly MaintenanceWindow[];
  readonly down: readonly string[];
  readonly asked: readonly Asked[];
}

export function noMaintenance(): Maintenance {
  return {
    windows: [],
    down: new Set(),
    scheduled: new Map(),
    asked: new Map(),
    outstanding: new Map(),
  };
}

/** What offers of an agent on this host must say; nothing while it is not scheduled. */
export function unavailabilityOf(
  { maintenance }: ClusterState,
  hostname: string,
): Unavailability | undefined {
  if (maintenance.scheduled.size === 0) return undefined;
  return maintenance.scheduled.get(hostKey(hostname));
}

/** Why an agent of this host may not register now. */
export function downRefusal({ maintenance }: ClusterState, hostname: string): Refusal | null {
  if (!maintenance.down.has(hostKey(hostname))) return null;
  return {
    code: "conflict",
    message: `cannot register: machine ${hostname} is down for maintenance`,
    hint: "an operator ends that with `bourse maintenance stop`",
  };
}

export function loadMaintenance(
  { maintenance }: ClusterState,
  { windows, down }: Extract<RegistryEntry, { kind: "maintenance" }>,
): void {
  maintenance.windows = windows;
  for (const { hostname } of down) maintenance.down.add(hostname);
  for (const [host, unavailability] of machinesIn(windows))
    maintenance.scheduled.set(host, unavailability);
}

export function snapshotMaintenance({ windows, down, asked }: Maintenance): MaintenanceSnapshot {
  return {
    windows,
    down: Array.from(down),
    asked: questions({ asked }).map((one) => ({ ...one })),
  };
}

export function restoreMaintenance(snapshot: MaintenanceSnapshot): Maintenance {
  const maintenance = noMaintenance();
  maintenance.windows = snapshot.windows;
  for (const host of snapshot.down) maintenance.down.add(host);
  for (const [host, unavailability] of machinesIn(snapshot.windows))
    maintenance.scheduled.set(host, unavailability);
  for (const one of snapshot.asked) {
    const asked = { ...one };
    keepQuestion(maintenance, asked);
    if (asked.inverseOfferId !== null) maintenance.outstanding.set(asked.inverseOfferId, asked);
  }
  return maintenance;
}

/** Agent by agent. */
export function questions({ asked }: Pick<Maintenance, "asked">): readonly Asked[] {
  return Array.from(asked.values()).flatMap((onAgent) => Array.from(onAgent.values()));
}

export function keepQuestion({ asked }: Maintenance, one: Asked): void {
  const onAgent = asked.get(one.agentId);
  if (onAgent === undefined) asked.set(one.agentId, new Map([[one.frameworkId, one]]));
  else onAgent.set(one.frameworkId, one);
}

export function dropQuestion({ asked }: Maintenance, { agentId, frameworkId }: Asked): void {
  const onAgent = asked.get(agentId);
  onAgent?.delete(frameworkId);
  if (onAgent?.size === 0) asked.delete(agentId);
}

export function* machinesIn(
  windows: readonly MaintenanceWindow[],
): Generator<readonly [string, Unavailability]> {
  for (const { machines, unavailability } of windows)
    for (const { hostname } of machines) yield [hostname, unavailability];
}

export function isSame(
  left: Unavailability | undefined,
  right: Unavailability | undefined,
): boolean {
  return left?.startMs === right?.startMs && left?.durationMs === right?.durationMs;
}

export function hostKey(hostname: string): string {
  return hostname.toLowerCase();
}
