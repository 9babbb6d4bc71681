/** What is measured of the allocator, each alone; the words of the goals. */
export type AllocatorWork =
  | "offer-all"
  | "recover-all"
  | "all-offered"
  | "all-filtered"
  | "one-agent-freed"
  | "one-agent-freed-ports"
  | "place-100k-1"
  | "place-100k-10";

/**
 * What the agents are like. `used`: cpus 24, mem 4096, disk 4096, ports [31000-32000], of which cpus 16, mem 2048,
 * disk 1024 and 16 port ranges (4 from 5,000 agents on) are in use. `plain`: cpus, mem and disk, nothing in use.
 * `full`: everything in use, in four tasks an agent. `empty`: cpus 10, mem 10000.
 */
export type Variant = "used" | "plain" | "full" | "empty";

export interface AllocatorRow {
  readonly work: AllocatorWork;
  readonly agents: number;
  readonly frameworks: number;
  /** 1, or each framework its own. */
  readonly roles: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /**
   * Of 100 repetitions. Where nothing is offered, everything that the loop leaves on the heap, garbage included; where
   * offers are made, which are objects, what is left of them after a collection.
   */
  readonly heapGrowthBytes: number;
  readonly variant: Variant;
  /** What is comparable on a machine that others use too. */
  readonly minMs: number;
  /**
   * `all-filtered` when every framework has updated itself since the last run, so that none may be passed over for want
   * of news: what it takes to look at every filter.
   */
  readonly askedMedianMs?: number;
  readonly rounds: number;
}

/** One process: a cluster and everything that is measured on it. */
export interface AllocatorCell {
  readonly kind: "cycle" | "freed" | "place";
  readonly agents: number;
  readonly frameworks: number;
  readonly roles: number;
  readonly variant: Variant;
}

/** Of one loop, per 100 repetitions at `HEAP_AGENTS` agents. */
export const HEAP_GROWTH_BYTES_MAX = 65_536;
export const HEAP_AGENTS = 10_000;
/** Filters of every framework on every agent: above this, making them takes longer than all the rest. */
export const FILTERS_MAX = 1_000_000;

const AGENTS = [1_000, 5_000, 10_000, 50_000];
const FRAMEWORKS = [1, 10, 50, 200, 1_000];

/** Everything: agents x frameworks, in one role and in as many as frameworks. */
export function allCells(): readonly AllocatorCell[] {
  const cells: AllocatorCell[] = [];
  for (const agents of AGENTS) {
    for (const frameworks of FRAMEWORKS) {
      for (const roles of new Set([1, frameworks])) {
        const size = { agents, frameworks, roles };
        cells.push({ kind: "cycle", variant: "used", ...size });
        if (agents === 1_000) cells.push({ kind: "cycle", variant: "plain", ...size });
        cells.push({ kind: "freed", variant: "full", ...size });
      }
    }
  }
  return [...cells, ...PLACE_CELLS];
}

/** Only what a goal is set for. */
export function goalCells(): readonly AllocatorCell[] {
  const cells: AllocatorCell[] = [];
  for (const roles of [1, 200]) {
    const size = { agents: 1_000, frameworks: 200, roles };
    cells.push({ kind: "cycle", variant: "used", ...size });
    cells.push({ kind: "cycle", variant: "plain", ...size });
  }
  for (const frameworks of [10, 50]) {
    cells.push({ kind: "cycle", variant: "used", agents: 1_000, frameworks, roles: 1 });
  }
  for (const agents of [5_000, 10_000]) {
    cells.push({ kind: "cycle", variant: "used", agents, frameworks: 50, roles: 1 });
  }
  cells.push({ kind: "freed", variant: "full", agents: 1_000, frameworks: 50, roles: 1 });
  for (const agents of [1_000, 50_000]) {
    cells.push({ kind: "freed", variant: "full", agents, frameworks: 1_000, roles: 1_000 });
  }
  return [...cells, ...PLACE_CELLS];
}

const PLACE_CELLS: readonly AllocatorCell[] = [
  { kind: "place", variant: "empty", agents: 1_000, frameworks: 10, roles: 1 },
  { kind: "place", variant: "empty", agents: 1_000, frameworks: 10, roles: 10 },
];

export interface Goal {
  readonly maxMs: number;
  readonly of: "medianMs" | "p99Ms";
}

/** About twenty times faster than the allocator of Mesos on the same work (where that one is quadratic, far more). */
export function goalOf(row: AllocatorRow): Goal | null {
  const { agents, frameworks, roles, variant, work } = row;
  for (const goal of GOALS) {
    if (goal.work !== work || (goal.variant ?? variant) !== variant) continue;
    if ((goal.agents ?? agents) !== agents || (goal.frameworks ?? frameworks) !== frameworks) {
      continue;
    }
    if (goal.hasOneRole !== undefined && goal.hasOneRole !== (roles === 1)) continue;
    return { maxMs: goal.maxMs, of: goal.of ?? "medianMs" };
  }
  return null;
}

interface GoalLine {
  readonly work: AllocatorWork;
  readonly variant?: Variant;
  readonly agents?: number;
  readonly frameworks?: number;
  readonly hasOneRole?: boolean;
  readonly maxMs: number;
  readonly of?: Goal["of"];
}

const AT_1000 = { agents: 1_000, frameworks: 200 } as const;
const GOALS: readonly GoalLine[] = [
  { work: "offer-all", variant: "used", ...AT_1000, maxMs: 2 },
  { work: "offer-all", variant: "plain", ...AT_1000, maxMs: 0.7 },
  { work: "offer-all", variant: "used", agents: 5_000, frameworks: 50, maxMs: 8 },
  { work: "offer-all", variant: "used", agents: 10_000, frameworks: 50, maxMs: 16 },
  { work: "recover-all", variant: "used", ...AT_1000, maxMs: 2.5 },
  { work: "recover-all", variant: "plain", ...AT_1000, maxMs: 0.7 },
  { work: "all-offered", ...AT_1000, hasOneRole: true, maxMs: 0.15 },
  { work: "all-offered", ...AT_1000, hasOneRole: false, maxMs: 0.5 },
  { work: "all-filtered", variant: "used", agents: 1_000, frameworks: 10, maxMs: 1 },
  { work: "all-filtered", variant: "used", agents: 1_000, frameworks: 50, maxMs: 2 },
  { work: "all-filtered", variant: "used", agents: 1_000, frameworks: 200, maxMs: 5 },
  { work: "one-agent-freed", agents: 1_000, frameworks: 50, maxMs: 0.007 },
  { work: "one-agent-freed-ports", agents: 1_000, frameworks: 50, maxMs: 0.02 },
  {
    work: "one-agent-freed",
    agents: 50_000,
    frameworks: 1_000,
    hasOneRole: false,
    maxMs: 0.1,
    of: "p99Ms",
  },
  { work: "place-100k-1", maxMs: 330 },
  { work: "place-100k-10", maxMs: 30 },
];

export function keyOf({ work, agents, frameworks, roles, variant }: AllocatorRow): string {
  return `${work} ${variant} ${agents} ${frameworks} ${roles}`;
}
