import type { World } from "../world.ts";
import type { ScenarioEnd } from "./scenario.ts";

/** On average one every so often; many more than a run has faults. */
const EVERY_MS = 100;

/**
 * Cores are thrown away and built anew from their own snapshots, at random, until the liveness phase has to be over:
 * nobody may notice, so the hash of the run stays the same.
 */
export function scheduleReloads(world: World, { atMs, liveness }: ScenarioEnd): void {
  const { simulation } = world;
  const untilMs = atMs + (liveness?.withinMs ?? 0);
  const random = simulation.random.fork("reloads");
  const nodes = [world.master, world.master, ...world.agents, ...world.frameworks];
  const next = (): void => {
    simulation.after(random.below(2 * EVERY_MS), () => {
      if (simulation.nowMs >= untilMs) return;
      random.pick(nodes).reload();
      next();
    });
  };
  next();
}
