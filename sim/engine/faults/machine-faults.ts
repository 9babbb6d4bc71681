import { formatDomain } from "@bourse/model/domain-text";
import type { SimAgent } from "../sim-agent.ts";
import type { FaultScene } from "./fault-scene.ts";

export function killContainer(scene: FaultScene): void {
  for (const agent of scene.agents()) {
    const running = agent.engine.containers.filter(({ state }) => state === "running");
    if (running.length === 0) continue;
    const { containerId } = scene.random.pick(running).launch;
    scene.note(`container ${containerId} of ${agent.name} is killed from outside`);
    agent.engine.kill(containerId);
  }
}

/** The container engine of a machine misbehaves in one of four ways. */
export function failDocker(scene: FaultScene): void {
  const form = scene.random.pick(DOCKER_FORMS);
  for (const agent of scene.agents()) form(scene, agent);
}

const DOCKER_FORMS = [failLaunches, hang, ignoreStops, loseContainers] as const;

function failLaunches(scene: FaultScene, { name, engine }: SimAgent): void {
  scene.note(`no container starts on ${name} for ${scene.lastMs} ms`);
  engine.trouble.failLaunches(scene.lastMs);
}

function hang(scene: FaultScene, { name, engine }: SimAgent): void {
  scene.note(`the engine of ${name} hangs for ${scene.lastMs} ms`);
  engine.trouble.hang(scene.lastMs);
}

function ignoreStops(scene: FaultScene, { name, engine }: SimAgent): void {
  scene.note(`processes on ${name} ignore SIGTERM for ${scene.lastMs} ms`);
  engine.trouble.ignoreStops(scene.lastMs);
}

/** While its agent is down some containers go without a trace, as after `docker system prune`. */
function loseContainers(scene: FaultScene, agent: SimAgent): void {
  scene.note(`${agent.name} crashes for ${scene.lastMs} ms, and containers go meanwhile`);
  agent.crash();
  scene.keepDown(agent);
  for (const { launch } of agent.engine.containers) {
    if (scene.random.chance(0.5)) agent.engine.vanish(launch.containerId);
  }
}

/** All machines of one fault domain lose power together: agents and containers are gone, disks come back later. */
export function loseRack(scene: FaultScene): void {
  for (const agent of scene.group(racksOf(scene.world.agents))) {
    scene.note(`${agent.name} loses power for ${scene.lastMs} ms`);
    agent.losePower();
    scene.keepDown(agent);
  }
}

/** By fault domain; machines without one stand alone. */
function racksOf(agents: readonly SimAgent[]): readonly (readonly SimAgent[])[] {
  const racks = new Map<string, SimAgent[]>();
  for (const agent of agents) {
    const { domain } = agent.info;
    const key = domain === undefined ? agent.name : formatDomain(domain);
    const rack = racks.get(key);
    if (rack === undefined) racks.set(key, [agent]);
    else rack.push(agent);
  }
  return Array.from(racks.values());
}
