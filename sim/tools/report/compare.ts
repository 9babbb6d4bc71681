import type { RunReport } from "@bourse/engine/report/run-report";
import { firstDivergenceMs } from "./divergence.ts";
import type { Unit } from "./page/units.ts";

/** Two runs side by side. `b` is judged against `a`. */
export interface Comparison {
  readonly a: RunSide;
  readonly b: RunSide;
  /** They asked for the same. The seed may differ, and with it what is drawn. */
  readonly isSameScenario: boolean;
  /** Names of what differs of the scenario. */
  readonly differences: readonly string[];
  readonly isSameHash: boolean;
  /** When they are first seen to differ, in virtual time, to one interval of the coarser; null = they never are. */
  readonly firstDivergenceMs: number | null;
  readonly figures: readonly Figure[];
  readonly roles: readonly RoleFigures[];
}

export interface RunSide {
  readonly name: string;
  /** Of what the scenario says (ScenarioSummary). */
  readonly digest: string;
  readonly seed: string;
  readonly hash: string;
  readonly isComplete: boolean;
}

/** One number of both runs. */
export interface Figure {
  /** Where it is in a report: `latencyMs.submitToRunning.p99`; `mean.` stands before what is averaged over time. */
  readonly path: string;
  readonly unit: Unit | "seconds" | "mib";
  readonly a: number;
  readonly b: number;
  readonly difference: number;
  /** b / a; null when a is 0. */
  readonly ratio: number | null;
  readonly good: "lower" | "higher" | "neither";
  /** Which of them has the better one; `same` also where neither is better. */
  readonly better: "a" | "b" | "same";
  /** Of the machine it ran on, not of the scenario: two runs of the same differ a little. */
  readonly isOfMachine: boolean;
}

export interface RoleFigures {
  readonly role: string;
  /** Null: it has no such role. */
  readonly meanShare: readonly [a: number | null, b: number | null];
  readonly longestWaitMs: readonly [a: number | null, b: number | null];
  readonly unservedMs: readonly [a: number | null, b: number | null];
}

export function compareRuns(a: RunReport, b: RunReport): Comparison {
  const differences = differencesOf(a, b);
  return {
    a: sideOf(a),
    b: sideOf(b),
    isSameScenario: differences.length === 0,
    differences,
    isSameHash: a.hash === b.hash,
    firstDivergenceMs: a.hash === b.hash ? null : firstDivergenceMs(a.series, b.series),
    figures: figuresOf(a, b),
    roles: rolesOf(a, b),
  };
}

function sideOf({ scenario, hash, isComplete }: RunReport): RunSide {
  return { name: scenario.name, digest: scenario.digest, seed: scenario.seed, hash, isComplete };
}

function differencesOf(a: RunReport, b: RunReport): readonly string[] {
  const keys = ["name", "agents", "frameworks", "tasks", "faults"] as const;
  const found: string[] = keys.filter((key) => a.scenario[key] !== b.scenario[key]);
  const names = namesOf(a.scenario.capacity, b.scenario.capacity);
  const differ = [
    ...found,
    ...names
      .filter((name) => a.scenario.capacity[name] !== b.scenario.capacity[name])
      .map((name) => `capacity of ${name}`),
  ];
  // What is of another size says something else anyway, and with another seed a load is drawn anew.
  const isOfOneSize = differ.every((what) => what === "name");
  const { seed, digest } = a.scenario;
  const isOther = isOfOneSize && seed === b.scenario.seed && digest !== b.scenario.digest;
  return isOther ? [...differ, "settings"] : differ;
}

type Read = (report: RunReport) => number | undefined;

/** In the order in which people ask: did it place all, how soon, at what price. */
function figuresOf(a: RunReport, b: RunReport): readonly Figure[] {
  const figures: Figure[] = [];
  const add = (
    path: string,
    unit: Figure["unit"],
    good: Figure["good"],
    read: Read,
    isOfMachine = false,
  ): void => {
    const left = read(a);
    const right = read(b);
    if (left === undefined || right === undefined) return;
    const difference = right - left;
    const isBetter = good === "lower" ? difference < 0 : difference > 0;
    const better = difference === 0 || good === "neither" ? "same" : isBetter ? "b" : "a";
    const ratio = left === 0 ? null : right / left;
    figures.push({ path, unit, a: left, b: right, difference, ratio, good, better, isOfMachine });
  };
  add("tasks.submitted", "count", "neither", ({ tasks }) => tasks.submitted);
  add("tasks.placed", "count", "higher", ({ tasks }) => tasks.placed);
  add("tasks.finished", "count", "higher", ({ tasks }) => tasks.finished);
  add("tasks.failed", "count", "lower", ({ tasks }) => tasks.failed);
  add("tasks.retries", "count", "lower", ({ tasks }) => tasks.retries);
  add("violations", "count", "lower", ({ violations }) => violations.length);
  add("virtualMs", "ms", "lower", ({ virtualMs }) => virtualMs);
  for (const part of keysOf(a.latencyMs)) {
    for (const quantile of ["p50", "p99", "max"] as const) {
      // Of nothing there is no percentile, and 0 would look like a very good one.
      const read: Read = ({ latencyMs }) =>
        latencyMs[part].count > 0 ? latencyMs[part][quantile] : undefined;
      add(`latencyMs.${part}.${quantile}`, "ms", "lower", read);
    }
  }
  for (const name of namesOf(a.series.used, b.series.used)) {
    add(`mean.used.${name}`, "fraction", "higher", ({ series }) => mean(series.used[name]));
    add(`mean.fragmentation.${name}`, "fraction", "lower", ({ series }) =>
      mean(series.fragmentation[name]),
    );
  }
  add("offers.made", "count", "lower", ({ offers }) => offers.made);
  add("offers.accepted", "count", "neither", ({ offers }) => offers.accepted);
  add("offers.declined", "count", "lower", ({ offers }) => offers.declined);
  add("offers.rescinded", "count", "lower", ({ offers }) => offers.rescinded);
  add("offers.expired", "count", "lower", ({ offers }) => offers.expired);
  add("wallSeconds", "seconds", "lower", ({ wallSeconds }) => wallSeconds, true);
  add("masterCoreSeconds", "seconds", "lower", (report) => report.masterCoreSeconds, true);
  add("peakRssMib", "mib", "lower", ({ peakRssMib }) => peakRssMib || undefined, true);
  for (const kind of keysOf(a.decisions)) {
    for (const quantile of ["p50", "p99", "max"] as const) {
      const read: Read = ({ decisions }) =>
        decisions[kind].count > 0 ? decisions[kind][quantile] : undefined;
      add(`decisions.${kind}.${quantile}`, "us", "lower", read, true);
    }
  }
  return figures;
}

/** At most so many roles: those with the largest shares. */
const ROLES_MAX = 100;

function rolesOf(a: RunReport, b: RunReport): readonly RoleFigures[] {
  const left = new Map(a.roles.map((role) => [role.role, role]));
  const right = new Map(b.roles.map((role) => [role.role, role]));
  const both = Array.from(new Set([...left.keys(), ...right.keys()]), (role): RoleFigures => {
    const [ofA, ofB] = [left.get(role), right.get(role)];
    return {
      role,
      meanShare: [ofA?.meanShare ?? null, ofB?.meanShare ?? null],
      longestWaitMs: [ofA?.longestWaitMs ?? null, ofB?.longestWaitMs ?? null],
      unservedMs: [ofA?.unservedMs ?? null, ofB?.unservedMs ?? null],
    };
  });
  const shareOf = ({ meanShare: [ofA, ofB] }: RoleFigures): number => (ofA ?? 0) + (ofB ?? 0);
  return both
    .toSorted((x, y) => shareOf(y) - shareOf(x) || (x.role < y.role ? -1 : 1))
    .slice(0, ROLES_MAX);
}

function mean(values: readonly number[] | undefined): number | undefined {
  if (values === undefined || values.length === 0) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function namesOf(a: object, b: object): readonly string[] {
  return Array.from(new Set([...Object.keys(a), ...Object.keys(b)])).sort();
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): readonly Key[] {
  return Object.keys(record) as Key[];
}
