import type { PlacementRule } from "@bourse/engine/scenario/scenario";
import { runOpenb } from "./openb-study.ts";
import type { OpenbNode, OpenbPod } from "./openb-trace.ts";
import { mean, type StudyProgress, type StudyTable } from "./study-table.ts";

export interface OpenbStudyOptions {
  readonly nodes: readonly OpenbNode[];
  readonly pods: readonly OpenbPod[];
  /** Which of the published lists `pods` is; null = another one. */
  readonly list: OpenbList | null;
  readonly rules: readonly PlacementRule[];
  readonly seeds: readonly number[];
}

export type OpenbList = keyof typeof PUBLISHED;

export const OPENB_RULES = [
  "random",
  "dot-product",
  "gpu-clustering",
  "gpu-packing",
  "best-fit",
  "fragmentation",
] as const satisfies readonly PlacementRule[];

/** As the published comparison has it: ten seeds, 42 to 51, and demand for 1.3 times the GPUs. */
export const OPENB_SEEDS: readonly number[] = Array.from({ length: 10 }, (_, index) => 42 + index);
const INFLATION = 1.3;
const ARRIVED_PERCENT = [50, 90, 100, 130] as const;

type Row = readonly [at50: number, at90: number, at100: number, at130: number];

/** Means over ten seeds of the published `analysis_allo_discrete.csv`; the row of `fragmentation` is FGD's. */
const PUBLISHED = {
  default: {
    random: [49.97, 85.02, 86.3, 87.47],
    "dot-product": [50.01, 89.98, 90.62, 90.85],
    "gpu-clustering": [50.01, 89.98, 91.65, 91.88],
    "gpu-packing": [50.01, 89.98, 91.78, 92.0],
    "best-fit": [50.01, 89.99, 92.86, 93.08],
    fragmentation: [50.01, 89.98, 95.23, 95.39],
  },
  gpuspec33: {
    random: [48.24, 77.4, 83.87, 86.46],
    "dot-product": [43.25, 72.6, 79.82, 89.14],
    "gpu-clustering": [45.07, 73.87, 81.09, 92.12],
    "gpu-packing": [46.3, 75.0, 82.22, 93.22],
    "best-fit": [43.53, 73.1, 80.4, 93.09],
    fragmentation: [48.38, 80.62, 87.84, 94.55],
  },
} as const satisfies Readonly<Record<string, Partial<Record<PlacementRule, Row>>>>;

/** `openb_pod_list_gpuspec33.csv.gz` -> `gpuspec33`. */
export function openbListOf(path: string): OpenbList | null {
  const name = /openb_pod_list_([a-z0-9]+)/.exec(path)?.[1];
  return name === "default" || name === "gpuspec33" ? name : null;
}

/** GPU allocated by arrived demand, rule by rule, beside what was published (CASES section 6). */
export function studyOpenb(
  options: OpenbStudyOptions,
  progress: StudyProgress = () => {},
): StudyTable {
  const { rules, seeds } = options;
  let violations = 0;
  const rows = rules.map((rule, place) => {
    const runs = seeds.map((seed, index) => {
      const result = runOpenb({ ...options, rule, seed, inflation: INFLATION });
      violations += result.violations;
      progress(place * seeds.length + index + 1, rules.length * seeds.length);
      return result.allocatedAt;
    });
    const ours = ARRIVED_PERCENT.map((percent) =>
      mean(runs.map((allocatedAt) => allocatedAt[percent] ?? Number.NaN)),
    );
    const published = publishedOf(options.list, rule);
    const [, , oursAt100 = Number.NaN] = ours;
    return [
      rule,
      ...ours.flatMap((own, column) => [published?.[column] ?? null, own]),
      published === null ? null : oursAt100 - published[2],
    ];
  });
  return {
    name: "openb",
    title: `openb (CASES section 6): percent of the GPUs that are allocated, mean of ${seeds.length} seeds`,
    columns: [
      "rule",
      ...ARRIVED_PERCENT.flatMap((percent) => [`${percent} %, published`, `${percent} %, ours`]),
      "difference at 100 %",
    ],
    rows,
    notes: [
      `${options.nodes.length} machines with GPUs; the pods in random order, then drawn until ${INFLATION} times the GPUs are wanted; nothing departs.`,
      "The published row beside `fragmentation` is that of FGD.",
      `${violations} violations of the invariants.`,
    ],
  };
}

function publishedOf(list: OpenbList | null, rule: PlacementRule): Row | null {
  const rows: Partial<Record<PlacementRule, Row>> = list === null ? {} : PUBLISHED[list];
  return rows[rule] ?? null;
}
