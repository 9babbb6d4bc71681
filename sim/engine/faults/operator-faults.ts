import type { Role } from "@bourse/model/ids";
import type { Machine } from "@bourse/model/maintenance";
import type { ResourceOperation } from "@bourse/model/operation";
import type { Amount, Quota } from "@bourse/model/quota";
import type { Random } from "@bourse/model/random";
import { scalar } from "@bourse/model/resources";
import { reserved } from "@bourse/session/resource-forms";
import { VolumePolicy } from "../frameworks/volume-policy.ts";
import type { SimFramework } from "../sim-framework.ts";
import type { World } from "../world.ts";
import type { FaultScene } from "./fault-scene.ts";

/** A machine is scheduled; now and then it is taken down as well, and brought up after a while. */
export function maintain(scene: FaultScene): void {
  const { world, random } = scene;
  const { wallMs } = world.simulation.now;
  for (const { info } of scene.agents()) {
    const { hostname } = info;
    const hosts = new Set([...downHosts(world), hostname]);
    const startMs = wallMs + random.between(-5_000, 30_000);
    const unavailability = { startMs, durationMs: 1 + random.below(60_000) };
    const windows = [{ machines: machinesOf(hosts), unavailability }];
    scene.note(`an operator schedules maintenance of ${Array.from(hosts).join(", ")}`);
    world.master.operate({ kind: "update-maintenance-schedule", windows });
    if (!random.chance(0.3)) continue;
    scene.note(`an operator takes ${hostname} down`);
    world.master.operate({ kind: "start-maintenance", machines: machinesOf([hostname]) });
    scene.afterwards(() => endMaintenance(world, [hostname]));
  }
}

export function downHosts(world: World): readonly string[] {
  return Array.from(world.master.cluster?.state.maintenance.down ?? []);
}

export function endMaintenance(world: World, hosts: readonly string[]): void {
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

export function operatorKill(scene: FaultScene): void {
  const { world, random } = scene;
  for (const { engine } of scene.agents()) {
    if (engine.containers.length === 0) continue;
    const { frameworkId, taskId } = random.pick(engine.containers).launch;
    scene.note(`an operator kills task ${taskId} of framework ${frameworkId}`);
    world.master.operate({ kind: "kill-task", frameworkId, taskId });
  }
}

/** Of a role in use or of one above it. */
export function changeQuota(scene: FaultScene): void {
  const { world, random } = scene;
  for (const framework of scene.frameworks()) {
    const quotas = [quotaOf(roleOf(framework, random), random)];
    const isForced = random.chance(0.5);
    scene.note(`an operator sets a quota of ${quotas[0]?.role}${isForced ? " by force" : ""}`);
    world.master.operate({ kind: "update-quotas", quotas, isForced });
  }
}

/** Nothing at all, a limit, a guarantee within it, or both; of cpus, memory or disk. */
export function quotaOf(role: Role, random: Random): Quota {
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

export function changeWeight(scene: FaultScene): void {
  const { world, random } = scene;
  for (const framework of scene.frameworks()) {
    const role = roleOf(framework, random);
    const weights = [{ role, weightMilli: random.between(1, 5) * 1_000 }];
    scene.note(`an operator sets the weight of ${role}`);
    world.master.operate({ kind: "update-weights", weights });
  }
}

/** For the role of a framework that gives it back in the end, or what that made away from under it. */
export function reserveByOperator(scene: FaultScene): void {
  const { world, random } = scene;
  const [role] = world.frameworks.flatMap(({ options, policy }) =>
    policy instanceof VolumePolicy ? options.info.roles : [],
  );
  if (role === undefined) return;
  for (const { name, agentId, core } of scene.agents()) {
    if (agentId === null) continue;
    const made = (core?.total ?? []).filter((one) => one.reservations?.at(-1)?.role === role);
    const taken = made[random.below(made.length + 1)];
    const disk = [scalar("disk", random.between(1, 5) * 1_000)];
    const operation: ResourceOperation =
      taken === undefined
        ? { kind: "reserve", resources: reserved(disk, { role }) }
        : taken.disk?.persistence === undefined
          ? { kind: "unreserve", resources: [taken] }
          : { kind: "destroy", volumes: [taken] };
    scene.note(`an operator asks ${name} to ${operation.kind} for role ${role}`);
    world.master.operate({ kind: "operate", agentId, operation });
  }
}

/** Rare: a framework that is over shows nothing more but that nothing of it remains. */
export function tearDown(scene: FaultScene): void {
  for (const { name, frameworkId } of scene.frameworks()) {
    if (frameworkId === null) continue;
    scene.note(`an operator tears ${name} down`);
    scene.world.master.operate({ kind: "teardown-framework", frameworkId });
  }
}

export function deactivateAgent(scene: FaultScene): void {
  const { world } = scene;
  for (const { name, agentId } of scene.agents()) {
    if (agentId === null) continue;
    scene.note(`an operator deactivates ${name}`);
    world.master.operate({ kind: "deactivate-agent", agentId });
    scene.afterwards(() => reactivate(world, name));
  }
}

export function reactivate(world: World, name: string): void {
  const { agentId } = world.agent(name);
  if (agentId !== null) world.master.operate({ kind: "reactivate-agent", agentId });
}

/** Its own, or one above it. */
function roleOf({ options }: SimFramework, random: Random): Role {
  const [role] = options.info.roles.filter((one) => one !== "*");
  return role === undefined || random.chance(0.3) ? "org" : role;
}
