/** How durations are written everywhere: `250ms`, `1.5s`, `2m`, `1h`, `7d`; the largest unit first. */
export const DURATION_UNITS_MS = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
} as const;

type DurationUnit = keyof typeof DURATION_UNITS_MS;

/**
 * Whole milliseconds; NaN when the text is no duration. `bare`: the unit of a number that has none; without it such a
 * number is none. What is too long is for the caller to say.
 */
export function millisecondsOf(text: string, bare?: DurationUnit): number {
  const [, digits, unit = bare] = /^(\d{1,15}(?:\.\d{1,12})?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return Number.NaN;
  return Math.round(Number(digits) * DURATION_UNITS_MS[unit as DurationUnit]);
}

/** In the largest unit that says it exactly. */
export function durationText(milliseconds: number): string {
  if (milliseconds === 0) return "0s";
  const units = Object.entries(DURATION_UNITS_MS);
  const [name, size] = units.find(([, one]) => milliseconds % one === 0) ?? ["ms", 1];
  return `${milliseconds / size}${name}`;
}
