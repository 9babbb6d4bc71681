import { headlineScenario } from "@bourse/engine/scenario/headline-scenario";
import type { BatchSpec, Scenario } from "@bourse/engine/scenario/scenario";
import { Random } from "@bourse/model/random";
import { canonical, scalar } from "@bourse/model/resources";

/**
 * One simulated cluster that is measured.
 *
 * - `headline`: what `bourse sim run` runs: there is room for all tasks, and they run for ever;
 * - `turnover`: there is room for six tasks of ten, all of one size, and they run for a minute or two: the others wait, and
 *   each task that ends makes room for one of them.
 */
export interface SimCell {
  readonly kind: "headline" | "turnover";
  readonly agents: number;
  readonly tasks: number;
  /** Each in a process of its own; the medians count. */
  readonly runs: number;
}

const TASKS_PER_AGENT = 20;

export const HEADLINE: SimCell = { kind: "headline", agents: 1_000, tasks: 100_000, runs: 5 };

/** How cost grows with the cluster: as many tasks for each agent everywhere. */
export const GROWTH: readonly SimCell[] = [
  growth(1_000, 5),
  growth(5_000, 3),
  growth(10_000, 3),
  growth(50_000, 1),
];

export function quickCells(): readonly SimCell[] {
  return [HEADLINE, ...GROWTH.slice(0, 1)];
}

export function allCells(): readonly SimCell[] {
  return [HEADLINE, ...GROWTH];
}

function growth(agents: number, runs: number): SimCell {
  return { kind: "turnover", agents, tasks: agents * TASKS_PER_AGENT, runs };
}

export const SEED = "1";

export function scenarioOf({ kind, agents, tasks }: Omit<SimCell, "runs">): Scenario {
  const headline = headlineScenario({ agents, tasks, seed: SEED });
  return kind === "headline" ? headline : turnover(headline, tasks / agents);
}

/** Of its tasks, what a cluster holds at once. */
const ROOM = 0.6;
const RUN_MIN_MS = 60_000;
const RUN_MAX_MS = 120_000;
/** What a task of the headline takes on average. */
const TASK = [
  { name: "cpus", milli: 100 },
  { name: "mem", milli: 128_000 },
] as const;

function turnover(headline: Scenario, tasksPerAgent: number): Scenario {
  const random = Random.fromSeed(`${headline.seed}/turnover`);
  const slots = Math.round(tasksPerAgent * ROOM);
  const resources = canonical(TASK.map(({ name, milli }) => scalar(name, milli * slots)));
  const agents = headline.agents.map((group) => ({ ...group, resources }));
  const frameworks = headline.frameworks.map((framework) => {
    const policy = framework.policy as BatchSpec;
    const load = policy.load.map((row) => {
      return { ...row, amounts: TASK, runMs: random.between(RUN_MIN_MS, RUN_MAX_MS) };
    });
    return { ...framework, policy: { ...policy, load } };
  });
  return { ...headline, name: "turnover", agents, frameworks };
}
