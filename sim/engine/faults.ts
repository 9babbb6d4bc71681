import type { Random } from "@bourse/model/random";
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
  for (const agent of world.agents) {
    agent.start();
    reactivate(world, agent.name);
  }
  for (const framework of world.frameworks) framework.start();
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
