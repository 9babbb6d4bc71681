import type { Role } from "@bourse/model/ids";
import type { Machine } from "@bourse/model/maintenance";
import type { ResourceOperation } from "@bourse/model/operation";
import type { Amount, Quota } from "@bourse/model/quota";
import type { Random } from "@bourse/model/random";
import { scalar } from "@bourse/model/resources";
import { reserved } from "@bourse/session/resource-forms";
import { VolumePolicy } from "./volume-policy.ts";
import type { World } from "./world.ts";

/** How often and how long things go wrong. Times in milliseconds. */
export interface FaultOptions {
  /** From the beginning of the run; after it everything is healed and restarted. */
  readonly untilMs: number;
  /** Between one fault and the next, on average. */
  readonly everyMs: number;
  /** How long a process stays down, a partition lasts, a broken link stays unnoticed: at most. */
  readonly lastMaxMs: number;
}

/** One thing that can go wrong; `weight` against the others. */
interface Fault {
  readonly weight: number;
  strike(world: World, random: Random, options: FaultOptions): void;
}

/** A new fault: one entry here; every scenario gets it. */
export const FAULTS = {
  "link-break": { weight: 6, strike: breakLink },
  partition: { weight: 3, strike: partition },
  "slow-network": { weight: 2, strike: slowDown },
  "agent-crash": { weight: 4, strike: crashAgent },
  "framework-crash": { weight: 3, strike: crashFramework },
  "master-crash": { weight: 2, strike: crashMaster },
  "container-kill": { weight: 3, strike: killContainer },
  deactivation: { weight: 1, strike: deactivateAgent },
  "operator-kill": { weight: 2, strike: operatorKill },
  "quota-change": { weight: 2, strike: changeQuota },
  "weight-change": { weight: 1, strike: changeWeight },
  reservation: { weight: 2, strike: reserveByOperator },
  maintenance: { weight: 1, strike: maintain },
  teardown: { weight: 0.1, strike: tearDown },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

/** Plans faults one after the other until their time is over, then repairs everything that is still broken. */
export function scheduleFaults(world: World, options: FaultOptions): void {
  const random = world.simulation.random.fork("faults");
  const faults = Object.values<Fault>(FAULTS);
  const next = (): void => {
    const delayMs = 1 + random.below(2 * options.everyMs);
    if (world.simulation.nowMs + delayMs >= options.untilMs) {
      world.simulation.at(options.untilMs, () => repair(world));
      return;
    }
    world.simulation.after(delayMs, () => {
      pickByWeight(faults, random).strike(world, random, options);
      next();
    });
  };
  next();
}

function pickByWeight(faults: readonly Fault[], random: Random): Fault {
  let left = random.fraction() * faults.reduce((sum, { weight }) => sum + weight, 0);
  for (const fault of faults) {
    left -= fault.weight;
    if (left < 0) return fault;
  }
  return random.pick(faults);
}

/** The liveness phase begins: the network is whole, every process runs, no agent is held back. */
export function repair(world: World): void {
  world.note("everything is repaired");
  world.network.heal();
  world.master.start();
  liftQuotas(world);
  endMaintenance(world, downHosts(world));
  for (const agent of world.agents) {
    agent.start();
    reactivate(world, agent.name);
  }
  for (const framework of world.frameworks) framework.start();
}

/** A machine is scheduled; now and then it is taken down as well, and brought up after a while. */
function maintain(world: World, random: Random, options: FaultOptions): void {
  const { hostname } = random.pick(world.agents).info;
  const { wallMs } = world.simulation.now;
  const hosts = new Set([...downHosts(world), hostname]);
  const startMs = wallMs + random.between(-5_000, 30_000);
  const unavailability = { startMs, durationMs: 1 + random.below(60_000) };
  const windows = [{ machines: machinesOf(hosts), unavailability }];
  world.note(`an operator schedules maintenance of ${Array.from(hosts).join(", ")}`);
  world.master.operate({ kind: "update-maintenance-schedule", windows });
  if (!random.chance(0.3)) return;
  world.note(`an operator takes ${hostname} down`);
  world.master.operate({ kind: "start-maintenance", machines: machinesOf([hostname]) });
  world.simulation.after(random.below(options.lastMaxMs), () => endMaintenance(world, [hostname]));
}

function downHosts(world: World): readonly string[] {
  return Array.from(world.master.cluster?.state.maintenance.down ?? []);
}

function endMaintenance(world: World, hosts: readonly string[]): void {
  if (hosts.length > 0) {
    world.note(`an operator brings ${hosts.join(", ")} up`);
    world.master.operate({ kind: "stop-maintenance", machines: machinesOf(hosts) });
  }
  if (downHosts(world).length === 0)
    world.master.operate({ kind: "update-maintenance-schedule", windows: [] });
}

function machinesOf(hosts: Iterable<string>): readonly Machine[] {
  return Array.from(hosts, (hostname) => ({ hostname }));
}

/** Work that a limit keeps waiting would wait for ever. */
function liftQuotas(world: World): void {
  const quotas = (world.master.cluster?.state.allocator.quotas() ?? []).map(({ role }) => ({
    role,
    guarantees: [],
    limits: [],
  }));
  if (quotas.length > 0) world.master.operate({ kind: "update-quotas", quotas, isForced: true });
}

function breakLink(world: World, random: Random, options: FaultOptions): void {
  const { links } = world.network;
  if (links.length === 0) return;
  const link = random.pick(links);
  const noticeMs = random.chance(0.5) ? 50 : random.below(options.lastMaxMs);
  world.note(`link ${link.name} breaks, noticed within ${noticeMs} ms`);
  link.break("connection reset", noticeMs);
}

function partition(world: World, random: Random, options: FaultOptions): void {
  const nodes = [...world.agents, ...world.frameworks].map(({ name }) => name);
  const isMaster = random.chance(0.15);
  const node = isMaster ? world.master.name : random.pick(nodes);
  const durationMs = 1 + random.below(options.lastMaxMs);
  world.note(`${node} is cut off for ${durationMs} ms`);
  world.network.isolate(node, durationMs);
}

function slowDown(world: World, random: Random, options: FaultOptions): void {
  const extraMs = 1 + random.below(1_500);
  const durationMs = 1 + random.below(options.lastMaxMs);
  world.note(`every message takes up to ${extraMs} ms longer for ${durationMs} ms`);
  world.network.slowDown(extraMs, durationMs);
}

function crashAgent(world: World, random: Random, options: FaultOptions): void {
  const agent = random.pick(world.agents);
  const downMs = random.below(options.lastMaxMs);
  world.note(`${agent.name} crashes for ${downMs} ms`);
  agent.crash();
  world.simulation.after(downMs, () => agent.start());
}

function crashFramework(world: World, random: Random, options: FaultOptions): void {
  const framework = random.pick(world.frameworks);
  const downMs = random.below(options.lastMaxMs);
  world.note(`${framework.name} crashes for ${downMs} ms`);
  framework.crash();
  world.simulation.after(downMs, () => framework.start());
}

function crashMaster(world: World, random: Random, options: FaultOptions): void {
  const downMs = random.below(options.lastMaxMs);
  world.note(`the master crashes for ${downMs} ms`);
  world.master.crash();
  world.simulation.after(downMs, () => world.master.start());
}

function killContainer(world: World, random: Random): void {
  const agent = random.pick(world.agents);
  const running = agent.engine.containers.filter(({ state }) => state === "running");
  if (running.length === 0) return;
  const { containerId } = random.pick(running).launch;
  world.note(`container ${containerId} of ${agent.name} is killed from outside`);
  agent.engine.kill(containerId);
}

function operatorKill(world: World, random: Random): void {
  const containers = random.pick(world.agents).engine.containers;
  if (containers.length === 0) return;
  const { frameworkId, taskId } = random.pick(containers).launch;
  world.note(`an operator kills task ${taskId} of framework ${frameworkId}`);
  world.master.operate({ kind: "kill-task", frameworkId, taskId });
}

/** Of a role in use or of one above it; sometimes two at once, so that one bounds the other. */
function changeQuota(world: World, random: Random): void {
  const quotas = [quotaOf(randomRole(world, random), random)];
  const isForced = random.chance(0.5);
  world.note(`an operator sets a quota of ${quotas[0]?.role}${isForced ? " by force" : ""}`);
  world.master.operate({ kind: "update-quotas", quotas, isForced });
}

/** Nothing at all, a limit, a guarantee within it, or both; of cpus, memory or disk. */
function quotaOf(role: Role, random: Random): Quota {
  const limits: Amount[] = [];
  const guarantees: Amount[] = [];
  for (const [name, milliMax] of [
    ["cpus", 12_000],
    ["disk", 100_000],
    ["mem", 16_384_000],
  ] as const) {
    if (!random.chance(0.4)) continue;
    const milli = random.below(milliMax + 1);
    if (random.chance(0.7)) limits.push({ name, milli });
    if (random.chance(0.3)) guarantees.push({ name, milli: Math.floor(milli / 2) });
  }
  return { role, guarantees, limits };
}

function changeWeight(world: World, random: Random): void {
  const weights = [{ role: randomRole(world, random), weightMilli: random.between(1, 5) * 1_000 }];
  world.note(`an operator sets the weight of ${weights[0]?.role}`);
  world.master.operate({ kind: "update-weights", weights });
}

/** For the role of a framework that gives it back in the end, or what that made away from under it. */
function reserveByOperator(world: World, random: Random): void {
  const roles = world.frameworks.flatMap(({ options, policy }) =>
    policy instanceof VolumePolicy ? options.info.roles : [],
  );
  const [role] = roles;
  const { name, agentId, core } = random.pick(world.agents);
  if (role === undefined || agentId === null) return;
  const made = (core?.total ?? []).filter((one) => one.reservations?.at(-1)?.role === role);
  const taken = made[random.below(made.length + 1)];
  const disk = [scalar("disk", random.between(1, 5) * 1_000)];
  const operation: ResourceOperation =
    taken === undefined
      ? { kind: "reserve", resources: reserved(disk, { role }) }
      : taken.disk?.persistence === undefined
        ? { kind: "unreserve", resources: [taken] }
        : { kind: "destroy", volumes: [taken] };
  world.note(`an operator asks ${name} to ${operation.kind} for role ${role}`);
  world.master.operate({ kind: "operate", agentId, operation });
}

function randomRole(world: World, random: Random): Role {
  const roles = random.pick(world.frameworks).options.info.roles.filter((role) => role !== "*");
  return roles[0] === undefined || random.chance(0.3) ? "org" : roles[0];
}

/** Rare: a framework that is over shows nothing more but that nothing of it remains. */
function tearDown(world: World, random: Random): void {
  const { name, frameworkId } = random.pick(world.frameworks);
  if (frameworkId === null) return;
  world.note(`an operator tears ${name} down`);
  world.master.operate({ kind: "teardown-framework", frameworkId });
}

function deactivateAgent(world: World, random: Random, options: FaultOptions): void {
  const { name, agentId } = random.pick(world.agents);
  if (agentId === null) return;
  world.note(`an operator deactivates ${name}`);
  world.master.operate({ kind: "deactivate-agent", agentId });
  world.simulation.after(random.below(options.lastMaxMs), () => reactivate(world, name));
}

function reactivate(world: World, name: string): void {
  const { agentId } = world.agent(name);
  if (agentId !== null) world.master.operate({ kind: "reactivate-agent", agentId });
}
