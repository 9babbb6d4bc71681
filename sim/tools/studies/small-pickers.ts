import { BatchPolicy } from "@bourse/engine/frameworks/batch-policy";
import {
  AGENT_GROUP_DEFAULTS,
  BATCH_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  SCENARIO_DEFAULTS,
} from "@bourse/engine/scenario/defaults";
import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { ScenarioRun } from "@bourse/engine/scenario/run-scenario";
import type { PolicySpec, Scenario } from "@bourse/engine/scenario/scenario";
import { canonical, scalar } from "@bourse/model/resources";
import type { StudyProgress, StudyTable } from "./study-table.ts";

/** What frameworks that want little do with offers that they have no use for. */
export type PickerManners = "declines for 5 s" | "thinks 0.5 s, refuses nothing" | "suppresses";

export interface PickersCase {
  readonly sorter: "drf" | "random";
  readonly manners: PickerManners;
}

export interface PickersResult {
  /** Of the 40 tasks that the large framework asks for while many small ones are there. */
  readonly placed: number;
  /** Until the last of them was launched, in virtual seconds from their arrival; null = it never was. */
  readonly lastSeconds: number | null;
  readonly violations: number;
}

const AGENTS = 20;
const PICKERS = 60;
const HELD_TASKS = 80;
const ASKED_TASKS = 40;
const ASK_AT_MS = 20_000;
const END_MS = ASK_AT_MS + 120_000;

const POLICY: Readonly<Record<PickerManners, PolicySpec>> = {
  "declines for 5 s": { kind: "idle", refuseMs: 5_000, isSuppressed: false },
  "thinks 0.5 s, refuses nothing": { kind: "hoarder", holdMs: 500 },
  suppresses: { kind: "idle", refuseMs: 5_000, isSuppressed: true },
};

/**
 * T-6 of FEATURES: a framework that holds half of a cluster asks for more, among sixty that hold nothing and are
 * therefore always poorer. Whether it is ever offered anything depends on the sorter and on their manners.
 */
export function studySmallPickers(progress: StudyProgress = () => {}): StudyTable {
  const cases = (Object.keys(POLICY) as PickerManners[]).flatMap((manners): PickersCase[] => [
    { sorter: "drf", manners },
    { sorter: "random", manners },
  ]);
  const rows = cases.map((one, index) => {
    const { placed, lastSeconds, violations } = runSmallPickers(one);
    progress(index + 1, cases.length);
    return [one.manners, one.sorter, placed, lastSeconds, violations];
  });
  return {
    name: "small-pickers",
    title: `DRF among many small pickers (T-6): ${ASKED_TASKS} tasks of the framework with the highest share`,
    columns: [
      "a small framework",
      "sorter",
      "placed in 2 min",
      "seconds to the last",
      "violations",
    ],
    rows,
    notes: [
      "Published (Mesos' documents): DRF starves the framework with the highest share; the random sorter is advised.",
    ],
  };
}

export function runSmallPickers(one: PickersCase): PickersResult {
  const run = new ScenarioRun(smallPickersScenario(one), { stopwatch: () => 0 });
  let placed = 0;
  let lastSeconds: number | null = null;
  while (run.step()) {
    const policy = run.world.frameworks[0]?.policy;
    if (!(policy instanceof BatchPolicy)) continue;
    const now = Math.max(0, policy.placedCount - HELD_TASKS);
    if (now === ASKED_TASKS && placed < ASKED_TASKS) {
      lastSeconds = (run.world.simulation.nowMs - ASK_AT_MS) / 1_000;
    }
    placed = now;
  }
  return { placed, lastSeconds, violations: run.report().violations.length };
}

export function smallPickersScenario({ sorter, manners }: PickersCase): Scenario {
  const amounts = [
    { name: "cpus", milli: 1_000 },
    { name: "mem", milli: 1_024_000 },
  ];
  const load: readonly LoadRow[] = [
    { atMs: 3_000, count: HELD_TASKS, amounts, runMs: Number.POSITIVE_INFINITY, job: "" },
    { atMs: ASK_AT_MS, count: ASKED_TASKS, amounts, runMs: Number.POSITIVE_INFINITY, job: "" },
  ];
  return {
    ...SCENARIO_DEFAULTS,
    name: `small-pickers/${sorter}/${manners}`,
    seed: "1",
    end: { atMs: END_MS, isWhenDone: false, liveness: null },
    master: { roleSorter: sorter, frameworkSorter: sorter },
    agents: [
      {
        ...AGENT_GROUP_DEFAULTS,
        name: "agent",
        count: AGENTS,
        resources: canonical([scalar("cpus", 8_000), scalar("mem", 16 * 1_024_000)]),
      },
    ],
    frameworks: [
      {
        ...FRAMEWORK_DEFAULTS,
        name: "large",
        roles: ["large"],
        policy: { ...BATCH_DEFAULTS, load },
      },
      ...Array.from({ length: PICKERS }, (_, index) => ({
        ...FRAMEWORK_DEFAULTS,
        name: `small-${index + 1}`,
        roles: [`small-${index + 1}`],
        // When the large one has its half.
        startAtMs: 10_000,
        policy: POLICY[manners],
      })),
    ],
  };
}
