import type { Check, CheckName } from "@bourse/model/explain";
import type { Obstacle } from "./relax.ts";

/** A finding is a line, not a page. */
const DETAIL_MAX = 1_000;

/** A check with its verdict, and what would help when it fails. */
export interface Finding {
  readonly check: Check;
  readonly obstacle: Obstacle | null;
}

/** What is said of a check that fails. */
export interface Failure {
  readonly detail: string;
  readonly remedy: Obstacle["remedy"];
  readonly shortfalls?: Obstacle["shortfalls"];
  readonly change?: string;
  readonly effort?: number;
}

export function passed(name: CheckName): Finding {
  return { check: { name, isPassed: true }, obstacle: null };
}

export function finding(name: CheckName, isPassed: boolean, failure: Failure): Finding {
  if (isPassed) return passed(name);
  const { detail, remedy, shortfalls = [], change = "", effort = 0 } = failure;
  const check = { name, isPassed: false, detail: shortened(detail) };
  return { check, obstacle: { check, remedy, shortfalls, change, effort } };
}

export function shortened(text: string): string {
  return text.length <= DETAIL_MAX ? text : `${text.slice(0, DETAIL_MAX - 3)}...`;
}
