import { ClusterError } from "@bourse/model/errors";
import type { Figure } from "./compare.ts";

/** A figure of B that must not be: beyond a number, or beyond so many times that of A. */
export interface Threshold {
  readonly text: string;
  readonly path: string;
  readonly operator: ">" | ">=" | "<" | "<=";
  readonly bound: number;
  readonly isRatio: boolean;
}

const EXAMPLE = "--fail-if 'submitToRunning.p99 > 1.1x' or --fail-if 'violations > 0'";

/** `submitToRunning.p99 > 1.1x`, `tasks.placed < 100000`, `latencyMs.submitToRunning.p50 >= 250`. Throws `invalid_call`. */
export function parseThreshold(text: string): Threshold {
  const match = /^\s*([\w.]+)\s*(>=|<=|>|<)\s*(\d+(?:\.\d+)?)\s*(x?)\s*$/.exec(text);
  if (match === null) {
    throw new ClusterError("invalid_call", `--fail-if ${JSON.stringify(text)} is no condition`, {
      hint: `write ${EXAMPLE}`,
    });
  }
  const [, path = "", operator = ">", bound = "", times = ""] = match;
  return {
    text: text.trim(),
    path,
    operator: operator as Threshold["operator"],
    bound: Number(bound),
    isRatio: times === "x",
  };
}

/** The figures that a condition says must not be; a path may leave out what stands before it. Throws `not_found`. */
export function brokenBy(threshold: Threshold, figures: readonly Figure[]): Figure | null {
  const { path, isRatio } = threshold;
  const found = figures.filter(
    (figure) => figure.path === path || figure.path.endsWith(`.${path}`),
  );
  const [figure] = found;
  if (figure === undefined || found.length > 1) {
    const names = (found.length > 1 ? found : figures).map((each) => each.path);
    throw new ClusterError(
      found.length > 1 ? "invalid_call" : "not_found",
      `--fail-if ${JSON.stringify(threshold.text)}: ${found.length > 1 ? "several figures have that name" : "both reports have no such figure"}`,
      { hint: `take one of ${names.slice(0, 40).join(", ")}` },
    );
  }
  // From nothing to something is more than any number of times.
  const ratio = figure.ratio ?? (figure.b === 0 ? 1 : Number.POSITIVE_INFINITY);
  return isBeyond(threshold, isRatio ? ratio : figure.b) ? figure : null;
}

function isBeyond({ operator, bound }: Threshold, value: number): boolean {
  switch (operator) {
    case ">":
      return value > bound;
    case ">=":
      return value >= bound;
    case "<":
      return value < bound;
    case "<=":
      return value <= bound;
  }
}
