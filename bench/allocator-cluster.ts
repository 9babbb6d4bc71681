import { Allocator } from "@bourse/allocator/allocator";
import { ALLOCATOR_DEFAULTS, type UsedResources } from "@bourse/allocator/options";
import type { AgentId, FrameworkId, Role } from "@bourse/model/ids";
import { Random } from "@bourse/model/random";
import {
  canonical,
  type IntegerRange,
  type Resource,
  type Resources,
  ranges,
  scalar,
} from "@bourse/model/resources";
import type { AllocatorCell } from "./allocator-rows.ts";

/** A part of an agent that somebody holds. */
export type Held = UsedResources & { readonly agentId: AgentId };

export interface BenchCluster {
  readonly allocator: Allocator;
  /** What is held from the beginning, agent by agent. */
  readonly held: readonly Held[];
}

export interface ClusterOptions extends Omit<AllocatorCell, "kind"> {
  /** Of `full` agents: with ports. Others have them as their variant says. */
  readonly hasPorts: boolean;
}

/** A cluster made by the calls that a master makes: ids and resources as it has them. */
export function benchCluster(options: ClusterOptions): BenchCluster {
  const allocator = new Allocator({
    random: Random.fromSeed("bench"),
    config: ALLOCATOR_DEFAULTS,
  });
  for (let index = 0; index < options.frameworks; index++) {
    allocator.addFramework(frameworkIdOf(index), {
      roles: [roleOf(options, index)],
      suppressedRoles: [],
      capabilities: [],
    });
  }
  const held: Held[] = [];
  for (let index = 0; index < options.agents; index++) {
    // Objects of its own: a master gets each agent in a message of its own.
    const total = totalOf(options);
    const tasks = tasksOf(options);
    const agentId: AgentId = `6f0c4e2a-1-S${index}`;
    const used = tasks.map((resources, task): Held => {
      const framework = (index * tasks.length + task) % options.frameworks;
      const role = roleOf(options, framework);
      return { agentId, frameworkId: frameworkIdOf(framework), role, resources };
    });
    const hostname = `host-${index}`;
    allocator.addAgent(agentId, { total, hostname, attributes: [] }, used);
    held.push(...used);
  }
  return { allocator, held };
}

/** As a master makes them. */
export function frameworkIdOf(index: number): FrameworkId {
  return `6f0c4e2a-1-${String(index).padStart(4, "0")}`;
}

export function roleOf({ roles }: Pick<ClusterOptions, "roles">, framework: number): Role {
  return roles === 1 ? "role" : `role-${framework % roles}`;
}

const PORTS_BEGIN = 31_000;
const PORTS_END = 32_000;
const AGENT = { cpus: 24_000, mem: 4_096_000, disk: 4_096_000 } as const;

function totalOf({ variant, hasPorts }: ClusterOptions): Resources {
  if (variant === "empty") return canonical([scalar("cpus", 10_000), scalar("mem", 10_000_000)]);
  const scalars = [
    scalar("cpus", AGENT.cpus),
    scalar("mem", AGENT.mem),
    scalar("disk", AGENT.disk),
  ];
  return canonical(
    hasPorts ? [...scalars, ranges("ports", [{ begin: PORTS_BEGIN, end: PORTS_END }])] : scalars,
  );
}

/** What is in use on every agent from the beginning. */
function tasksOf(options: ClusterOptions): readonly Resources[] {
  const { variant, hasPorts, agents } = options;
  switch (variant) {
    case "plain":
    case "empty":
      return [];
    case "used": {
      const ports = hasPorts ? [ranges("ports", usedRanges(agents < 5_000 ? 16 : 4))] : [];
      return [
        canonical([scalar("cpus", 16_000), scalar("mem", 2_048_000), scalar("disk", 1_024_000)]),
      ].map((scalars) => canonical([...scalars, ...ports]));
    }
    case "full":
      return Array.from({ length: FULL_TASKS }, (_, task) => {
        const scalars: Resource[] = [
          scalar("cpus", AGENT.cpus / FULL_TASKS),
          scalar("mem", AGENT.mem / FULL_TASKS),
          scalar("disk", AGENT.disk / FULL_TASKS),
        ];
        return canonical(hasPorts ? [...scalars, ranges("ports", everyFourth(task))] : scalars);
      });
  }
}

const FULL_TASKS = 4;

/** So many ranges of ten ports, apart from each other. */
function usedRanges(count: number): IntegerRange[] {
  const step = Math.floor((PORTS_END - PORTS_BEGIN) / count);
  return Array.from({ length: count }, (_, index) => {
    const begin = PORTS_BEGIN + index * step;
    return { begin, end: begin + 9 };
  });
}

/** The ports in 16 ranges, of which each task has four that do not touch. */
function everyFourth(task: number): IntegerRange[] {
  const length = Math.ceil((PORTS_END - PORTS_BEGIN + 1) / 16);
  return Array.from({ length: 4 }, (_, index) => {
    const begin = PORTS_BEGIN + (index * FULL_TASKS + task) * length;
    return { begin, end: Math.min(begin + length - 1, PORTS_END) };
  });
}
