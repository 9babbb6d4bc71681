import type { Amount } from "@bourse/model/quota";
import type { PolicySpec, Scenario } from "../scenario/scenario.ts";

/** A task that stands for a part of all that a scenario wants to run. */
export interface TypicalTask {
  /** In thousandths, by name. */
  readonly amounts: readonly Amount[];
  /** Thousandths of one GPU; 0 = it does not share one. */
  readonly gpuMilli: number;
  /** The fraction of all tasks that it stands for. */
  readonly weight: number;
}

/** So many tell small from large and lean from hungry; each costs a look at every agent. */
const TYPICAL_MAX = 8;

/**
 * What tasks of the scenario look like: sorted by size, the middles of eight equal parts. So a load of one shape gives
 * one task, and a trace of thousands of shapes gives eight that lie among them as the tasks do.
 */
export function typicalTasks(
  { frameworks }: Pick<Scenario, "frameworks">,
  capacity: Readonly<Record<string, number>>,
): readonly TypicalTask[] {
  const shapes = new Map<string, Shape>();
  for (const { policy, count } of frameworks) gather(shapes, policy, count, capacity);
  const sorted = Array.from(shapes.values()).sort(
    (a, b) => a.size - b.size || (a.key < b.key ? -1 : 1),
  );
  const total = sorted.reduce((sum, { count }) => sum + count, 0);
  const picked = new Map<Shape, number>();
  let below = 0;
  let part = 0;
  for (const shape of sorted) {
    below += shape.count;
    while (part < TYPICAL_MAX && ((part + 0.5) / TYPICAL_MAX) * total <= below) {
      picked.set(shape, (picked.get(shape) ?? 0) + 1 / TYPICAL_MAX);
      part += 1;
    }
  }
  return Array.from(picked, ([{ amounts, gpuMilli }, weight]) => ({ amounts, gpuMilli, weight }));
}

interface Shape {
  readonly key: string;
  readonly amounts: readonly Amount[];
  readonly gpuMilli: number;
  /** The sum of what it takes of each scalar of the cluster. */
  readonly size: number;
  count: number;
}

function gather(
  shapes: Map<string, Shape>,
  policy: PolicySpec,
  copies: number,
  capacity: Readonly<Record<string, number>>,
): void {
  const put = (amounts: readonly Amount[], count: number, gpuMilli = 0): void => {
    const key = `${amounts.map(({ name, milli }) => `${name}=${milli}`).join(" ")} ${gpuMilli}`;
    const known = shapes.get(key);
    if (known !== undefined) {
      known.count += count;
      return;
    }
    const gpus = gpuMilli / (capacity.gpus || 1);
    const size = amounts.reduce(
      (sum, { name, milli }) => sum + milli / (capacity[name] || 1),
      gpus,
    );
    shapes.set(key, { key, amounts, gpuMilli, size, count });
  };
  switch (policy.kind) {
    case "batch":
      for (const { amounts, count, gpuMilli } of policy.load)
        put(amounts, count * copies, gpuMilli);
      return;
    case "service":
      put(policy.size, policy.count * copies);
      return;
    case "greedy":
      put(policy.size, copies);
      return;
    case "idle":
    case "hoarder":
    case "volumes":
      return;
  }
}
