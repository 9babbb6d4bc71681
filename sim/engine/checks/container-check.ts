import type { FrameworkId, TaskId } from "@bourse/model/ids";
import { type Resources, rangesOf, scalarMilli } from "@bourse/model/resources";
import type { ContainerLaunch } from "@bourse/task/effects";
import type { Container } from "../containers.ts";
import type { SimAgent } from "../sim-agent.ts";
import type { World } from "../world.ts";
import type { CreateCheck } from "./check.ts";

const CHECK = "container";

/**
 * What really runs: no task has two live containers, no port of a machine has two holders, and live containers take no
 * more of a machine than it has. Containers that are being stopped are on their way out and count for nothing; so the
 * sums, which count them, only tell when it is time to look closely.
 */
export const createContainerCheck: CreateCheck = (world, violations) => {
  const live = new Map<FrameworkId, Map<TaskId, Container>>();
  const tallies = new Map<SimAgent, Tally>();
  const lookAt = (agent: SimAgent): void => {
    for (const problem of overcommitted(agent)) violations.report(CHECK, problem);
  };
  return {
    probe: {
      containerBegan(agent, container) {
        const { launch } = container;
        const { frameworkId, taskId } = launch;
        let tasks = live.get(frameworkId);
        if (tasks === undefined) {
          tasks = new Map();
          live.set(frameworkId, tasks);
        }
        const other = tasks.get(taskId);
        if (other !== undefined) {
          violations.report(
            CHECK,
            `task ${frameworkId}/${taskId} runs twice: in ${placeOf(world, other)} and in ${launch.containerId} on ${agent.name}`,
          );
        }
        tasks.set(taskId, container);
        let tally = tallies.get(agent);
        if (tally === undefined) {
          tally = new Tally(agent);
          tallies.set(agent, tally);
        }
        tally.count(launch, 1);
        if (launch.hostPorts.length > 0 || tally.isExceeded) lookAt(agent);
      },
      containerEnded(agent, { launch }) {
        live.get(launch.frameworkId)?.delete(launch.taskId);
        tallies.get(agent)?.count(launch, -1);
      },
    },
    settle() {
      for (const agent of world.agents) lookAt(agent);
    },
  };
};

function placeOf({ agents }: World, container: Container): string {
  const agent = agents.find(({ engine }) => engine.containers.includes(container));
  return `${container.launch.containerId} on ${agent?.name ?? "a machine that forgot it"}`;
}

/** What all live containers of a machine take, those being stopped included. */
class Tally {
  readonly #cpuTotal: number;
  readonly #memTotal: number;
  #cpuMilli = 0;
  #memBytes = 0;

  constructor({ info }: SimAgent) {
    this.#cpuTotal = scalarMilli(info.resources, "cpus");
    this.#memTotal = memBytesOf(info.resources);
  }

  get isExceeded(): boolean {
    return this.#cpuMilli > this.#cpuTotal || this.#memBytes > this.#memTotal;
  }

  count({ limits }: ContainerLaunch, sign: 1 | -1): void {
    this.#cpuMilli += sign * (limits.cpuMilli ?? 0);
    this.#memBytes += sign * (limits.memBytes ?? 0);
  }
}

function overcommitted(agent: SimAgent): readonly string[] {
  const problems: string[] = [];
  const holders = new Map<number, string>();
  const ports = rangesOf(agent.info.resources, "ports");
  let cpuMilli = 0;
  let memBytes = 0;
  for (const container of agent.engine.containers) {
    if (!takesResources(container)) continue;
    const { containerId, limits, hostPorts } = container.launch;
    cpuMilli += limits.cpuMilli ?? 0;
    memBytes += limits.memBytes ?? 0;
    for (const port of hostPorts) {
      const holder = holders.get(port);
      if (holder !== undefined) {
        problems.push(`port ${port} of ${agent.name} is held by ${holder} and ${containerId}`);
      }
      if (!ports.some(({ begin, end }) => begin <= port && port <= end)) {
        problems.push(`${containerId} holds port ${port}, which ${agent.name} does not have`);
      }
      holders.set(port, containerId);
    }
  }
  const cpuTotal = scalarMilli(agent.info.resources, "cpus");
  if (cpuMilli > cpuTotal) {
    problems.push(
      `containers of ${agent.name} take ${cpuMilli} of ${cpuTotal} thousandths of a cpu`,
    );
  }
  const memTotal = memBytesOf(agent.info.resources);
  if (memBytes > memTotal) {
    problems.push(`containers of ${agent.name} take ${memBytes} of ${memTotal} bytes of memory`);
  }
  return problems;
}

function memBytesOf(resources: Resources): number {
  return (scalarMilli(resources, "mem") / 1_000) * 1_048_576;
}

function takesResources(container: Container): boolean {
  return container.state !== "exited" && !container.isStopping;
}
