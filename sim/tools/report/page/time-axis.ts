import { formatMs } from "./units.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Steps between marks of a time axis, in milliseconds, that people count in. */
export const TIME_STEPS: number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100].map((days) => days * DAY),
];

/** `0`, `90 s`, `1 min 30 s`: all marks in one unit as long as that is short. */
export function timeMarks(marks: readonly number[], stepMs: number): string[] {
  return marks.map((ms) => {
    if (ms === 0) return "0";
    if (stepMs >= SECOND && ms < 10 * MINUTE && stepMs < MINUTE) return `${ms / SECOND} s`;
    return formatMs(ms);
  });
}
