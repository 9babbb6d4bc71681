import type { FrameworkId, TaskId } from "@bourse/model/ids";
import type { Random } from "@bourse/model/random";
import type { ContainerLaunch } from "@bourse/task/effects";
import type { ContainerPlan, Workload } from "../containers.ts";
import type { SimFramework, SimPolicy } from "../sim-framework.ts";
import type { World } from "../world.ts";
import type { PolicySource, TaskPlan } from "./policy-of.ts";
import type { ContainerSpec } from "./scenario.ts";

/**
 * How long tasks run and how they end, as their frameworks say. Asked when a container is launched, which may be while
 * the scheduler is down: then its last life still knows.
 */
export class TaskPlans {
  readonly #world: World;
  readonly #sources = new Map<SimFramework, PolicySource>();
  readonly #newest = new Map<SimFramework, SimPolicy>();
  readonly #byId = new Map<FrameworkId, SimFramework>();

  constructor(world: World) {
    this.#world = world;
  }

  add(framework: SimFramework, source: PolicySource): void {
    this.#sources.set(framework, source);
  }

  began(framework: SimFramework, policy: SimPolicy): void {
    this.#newest.set(framework, policy);
  }

  planOf(frameworkId: FrameworkId, taskId: TaskId): TaskPlan | null {
    const framework = this.#byId.get(frameworkId) ?? this.#find(frameworkId);
    if (framework === undefined) return null;
    const plan = this.#newest.get(framework)?.planOf?.(taskId);
    return plan ?? this.#sources.get(framework)?.planOf?.(taskId) ?? null;
  }

  #find(frameworkId: FrameworkId): SimFramework | undefined {
    const found = this.#world.frameworks.find((one) => one.frameworkId === frameworkId);
    if (found !== undefined) this.#byId.set(frameworkId, found);
    return found;
  }
}

/** Containers of one group of agents: how they start and stop is the group's affair, how long they run the task's. */
export class GroupWorkload implements Workload {
  readonly #spec: ContainerSpec;
  readonly #random: Random;
  readonly #plans: TaskPlans;

  constructor(spec: ContainerSpec, random: Random, plans: TaskPlans) {
    this.#spec = spec;
    this.#random = random;
    this.#plans = plans;
  }

  plan({ frameworkId, taskId }: ContainerLaunch): ContainerPlan {
    const { startMs, stopMs, launchFailures } = this.#spec;
    const plan = this.#plans.planOf(frameworkId, taskId);
    return {
      startMs: drawBetween(this.#random, startMs),
      stopMs: drawBetween(this.#random, stopMs),
      hasLaunchFailure: launchFailures > 0 && this.#random.chance(launchFailures),
      runMs: plan?.runMs ?? Number.POSITIVE_INFINITY,
      exitCode: plan?.exitCode ?? 0,
    };
  }
}

function drawBetween(random: Random, [min, max]: readonly [min: number, max: number]): number {
  return min === max ? min : random.between(min, max);
}
