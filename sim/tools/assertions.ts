import type { RunReport } from "@bourse/engine/report/run-report";
import { headlineScenario } from "@bourse/engine/scenario/headline-scenario";
import { runScenario } from "@bourse/engine/scenario/run-scenario";
import { ClusterError } from "@bourse/model/errors";
import { compareRuns, type Figure } from "./report/compare.ts";
import { formatFigure } from "./report/compare-text.ts";
import { didYouMean } from "./scenario-file/suggestion.ts";

/** A condition on a report, e.g. `submitToRunning.p99<1s`. */
export interface Assertion {
  readonly text: string;
  readonly path: string;
  readonly sign: string;
  readonly value: number;
  /** Of the value, in nanoseconds; null = as the figure has it. */
  readonly unitNs: number | null;
}

export interface AssertionResult {
  readonly text: string;
  readonly holds: boolean;
  /** As the report has it; null = nothing was measured, so nothing holds. */
  readonly actual: number | null;
  readonly unit: Figure["unit"];
}

const SIGNS: { readonly [sign: string]: (actual: number, wanted: number) => boolean } = {
  "<=": (actual, wanted) => actual <= wanted,
  ">=": (actual, wanted) => actual >= wanted,
  "==": (actual, wanted) => actual === wanted,
  "!=": (actual, wanted) => actual !== wanted,
  "<": (actual, wanted) => actual < wanted,
  ">": (actual, wanted) => actual > wanted,
};

const NANOSECONDS: { readonly [unit: string]: number } = {
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  seconds: 1e9,
  m: 60e9,
  h: 3_600e9,
};

/** Reads a condition; throws `invalid_call` when it has not the form of one. */
export function parseAssertion(text: string): Assertion {
  const match = /^\s*([\w./*-]+?)\s*(<=|>=|==|!=|<|>)\s*(\d+(?:\.\d+)?)\s*(us|ms|s|m|h)?\s*$/.exec(
    text,
  );
  if (match === null) throw refusal(text, "that is no condition");
  const [, path = "", sign = "", value = "", unit] = match;
  const unitNs = unit === undefined ? null : (NANOSECONDS[unit] ?? null);
  return { text: text.trim(), path, sign, value: Number(value), unitNs };
}

/**
 * Throws `invalid_call`, before a long run, for conditions on figures that no report has. What depends on the scenario,
 * roles and resources, only its own report can tell.
 */
export function checkAssertions(assertions: readonly Assertion[]): void {
  if (assertions.length === 0) return;
  const tiny = headlineScenario({ agents: 1, tasks: 1, seed: "" });
  const report = runScenario(tiny, { stopwatch: () => 0 });
  for (const assertion of assertions)
    if (!/^(roles|mean)\./.test(assertion.path)) judge(assertion, report);
}

/** Throws `invalid_call` when a report has no such figure, or has it in another unit. */
export function judge(assertion: Assertion, report: RunReport): AssertionResult {
  const { text, path, sign, value, unitNs } = assertion;
  const figures = figuresOf(report);
  const found = figures.filter((one) => one.path === path || one.path.endsWith(`.${path}`));
  const figure = found.find((one) => one.path === path) ?? found[0];
  if (figure === undefined) {
    if (isLatency(path)) return { text, holds: false, actual: null, unit: "ms" };
    const names = figures.map((one) => one.path.replace(/^latencyMs\./, ""));
    throw refusal(text, `a report has no ${path}${didYouMean(path, names)}`);
  }
  if (found.length > 1 && figure.path !== path)
    throw refusal(text, `${path} may be ${found.map((one) => one.path).join(" or ")}`);
  const ownNs = NANOSECONDS[figure.unit] ?? null;
  if (unitNs !== null && ownNs === null) throw refusal(text, `${figure.path} is no time`);
  const wanted = unitNs === null ? value : (value * unitNs) / (ownNs ?? 1);
  const holds = SIGNS[sign]?.(figure.a, wanted) ?? false;
  return { text, holds, actual: figure.a, unit: figure.unit };
}

/** `submitToRunning.p99<1s does not hold: it is 6.02 s`, for people. */
export function resultText({ text, holds, actual, unit }: AssertionResult): string {
  const is = actual === null ? "nothing was measured" : `it is ${formatFigure({ unit }, actual)}`;
  return `${text} ${holds ? "holds" : "does not hold"}: ${is}`;
}

/** What `compare` knows of a report, and how roles fared. */
function figuresOf(report: RunReport): readonly Pick<Figure, "path" | "unit" | "a">[] {
  return [
    ...compareRuns(report, report).figures,
    ...report.roles.flatMap(({ role, meanShare, ...times }) => [
      { path: `roles.${role}.meanShare`, unit: "fraction" as const, a: meanShare },
      ...Object.entries(times).map(([name, a]) => {
        return { path: `roles.${role}.${name}`, unit: "ms" as const, a };
      }),
    ]),
  ];
}

/** Of which there are none when nothing came so far. */
function isLatency(path: string): boolean {
  return /^(latencyMs\.)?(submitTo(Offered|Accepted|Running)|acceptToStaging|stagingToRunning)\.(p50|p99|max)$/.test(
    path,
  );
}

function refusal(text: string, why: string): ClusterError {
  return new ClusterError("invalid_call", `--assert ${JSON.stringify(text)}: ${why}`, {
    hint: "write a figure, < <= > >= == or !=, and a value: submitToRunning.p99<1s, tasks.failed==0, decisions.accept.p99<100us",
  });
}
