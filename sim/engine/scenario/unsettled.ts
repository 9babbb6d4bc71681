import { formatResources } from "@bourse/model/resources";
import { VolumePolicy } from "../frameworks/volume-policy.ts";
import type { World } from "../world.ts";

/** What has not come to rest yet, in words; nothing when all is as it should be. */
export function unsettled(world: World): readonly string[] {
  const reasons: string[] = [];
  for (const agent of world.agents) {
    if (!agent.isConnected) reasons.push(`${agent.name} is not connected`);
    for (const { task, pending } of agent.core?.checkpoint().tasks ?? []) {
      if (pending.length > 0) reasons.push(`an update of ${task.taskId} waits at ${agent.name}`);
    }
    for (const { state, launch, plan } of agent.engine.containers) {
      if (state === "starting" || (state === "running" && Number.isFinite(plan.runMs))) {
        reasons.push(`the container of ${launch.taskId} on ${agent.name} is not done`);
      }
    }
  }
  for (const framework of world.frameworks) {
    if (framework.endCause !== null) continue;
    if (!framework.isConnected) reasons.push(`${framework.name} is not connected`);
    const lack = framework.policy?.lacks?.() ?? null;
    if (lack !== null) reasons.push(`${framework.name}: ${lack}`);
    if (framework.policy instanceof VolumePolicy) reasons.push(...leftOf(framework.policy, world));
  }
  return reasons;
}

/** What a framework has reserved and not taken back. */
function leftOf({ role }: VolumePolicy, world: World): readonly string[] {
  return world.agents.flatMap(({ name, core }) => {
    const mine = (core?.total ?? []).filter(
      (resource) => resource.reservations?.at(-1)?.role === role,
    );
    return mine.length === 0 ? [] : [`${formatResources(mine)} of ${name} are still reserved`];
  });
}
