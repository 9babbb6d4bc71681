import { GREEDY_RESTS, GreedyPolicy } from "../frameworks/greedy-policy.ts";
import type { Fault } from "../scenario/fault.ts";
import type { World } from "../world.ts";
import { Downtimes } from "./downtimes.ts";
import { FaultScene } from "./fault-scene.ts";
import { FAULTS } from "./fault-table.ts";
import { downHosts, endMaintenance, reactivate } from "./operator-faults.ts";

/**
 * Each fault strikes at its time, by chance of its own. `struck` is told whom one without targets picked, so that a
 * scenario can say so in its stead.
 */
export function scheduleFaults(
  world: World,
  faults: readonly Fault[],
  struck: (fault: Fault, names: readonly string[]) => void = () => {},
): void {
  const downtimes = new Downtimes(world.simulation);
  for (const fault of faults) {
    world.simulation.at(fault.atMs, () => {
      const scene = new FaultScene(world, fault, downtimes);
      FAULTS[fault.kind].strike(scene);
      struck(fault, scene.struck);
    });
  }
}

/**
 * The liveness phase begins: the network is whole, every process runs, no agent is held back, no clock is wrong, and who
 * never has enough takes no more.
 */
export function repair(world: World): void {
  world.note("everything is repaired");
  world.network.heal();
  for (const { conditions } of [world.master, ...world.agents, ...world.frameworks])
    conditions.heal();
  world.master.start();
  liftQuotas(world);
  endMaintenance(world, downHosts(world));
  for (const agent of world.agents) {
    agent.engine.trouble.heal();
    agent.start();
    reactivate(world, agent.name);
  }
  for (const framework of world.frameworks) {
    framework.start();
    if (framework.policy instanceof GreedyPolicy) framework.input(GREEDY_RESTS);
  }
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
