import type { Check, CheckName } from "@bourse/model/explain";
import type { Role } from "@bourse/model/ids";
import type { Obstacle } from "./relax.ts";

/** A finding is a line, not a page. */
const DETAIL_MAX = 1_000;

/** A check with its verdict. Words are put together only for those that are shown. */
export interface Finding {
  readonly name: CheckName;
  readonly isPassed: boolean;
  readonly detail?: () => string;
  /** What would help; null also for a check that fails because of another one. */
  readonly obstacle: Obstacle | null;
}

/** What is said of a check that fails. */
export interface Failure {
  readonly detail: () => string;
  readonly remedy: Obstacle["remedy"];
  readonly shortfalls?: Obstacle["shortfalls"];
  readonly change?: string;
  readonly effort?: number;
}

const passes = new Map<CheckName, Finding>();

export function passed(name: CheckName): Finding {
  let known = passes.get(name);
  if (known === undefined) {
    known = { name, isPassed: true, obstacle: null };
    passes.set(name, known);
  }
  return known;
}

/** `role`: absent for what does not depend on it. */
export function failed(name: CheckName, role: Role | undefined, failure: Failure): Finding {
  const { detail, remedy, shortfalls = [], change = "", effort = 0 } = failure;
  const where = role === undefined ? {} : { role };
  return {
    name,
    isPassed: false,
    detail,
    obstacle: { check: name, ...where, remedy, shortfalls, change, effort },
  };
}

export function checkOf({ name, isPassed, detail }: Finding, role: Role | undefined): Check {
  return {
    name,
    ...(role !== undefined && { role }),
    isPassed,
    ...(detail !== undefined && { detail: shortened(detail()) }),
  };
}

function shortened(text: string): string {
  return text.length <= DETAIL_MAX ? text : `${text.slice(0, DETAIL_MAX - 3)}...`;
}
