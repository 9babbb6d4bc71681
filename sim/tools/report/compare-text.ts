import type { Comparison, Figure, RoleFigures } from "./compare.ts";
import { format, formatMib, formatMs } from "./page/units.ts";

/** A figure, or the difference of two, as people read it. */
export function formatFigure({ unit }: Pick<Figure, "unit">, value: number): string {
  if (value < 0) {
    const size = formatFigure({ unit }, -value);
    return /[1-9]/.test(size) ? `-${size}` : size; // What is rounded to nothing has no sign.
  }
  switch (unit) {
    case "seconds":
      return format(value * 1_000, "ms");
    case "mib":
      return formatMib(value);
    default:
      return format(value, unit);
  }
}

/** `1.25x`; nothing to divide by is `-`. */
export function formatRatio({ ratio }: Pick<Figure, "ratio">): string {
  if (ratio === null) return "-";
  if (ratio > 0 && ratio < 0.01) return "< 0.01x";
  return `${ratio >= 100 ? Math.round(ratio) : ratio.toFixed(2)}x`;
}

/** Whether they are the same, and if not since when, in sentences. */
export function likenessOf(comparison: Comparison): readonly string[] {
  const { a, b, isSameHash, isSameScenario, differences, firstDivergenceMs } = comparison;
  const sides = (["a", "b"] as const).map((side) => {
    const { name, seed, hash, isComplete } = comparison[side];
    return `${side.toUpperCase()} is ${name}, seed ${seed}, hash ${hash}${isComplete ? "" : "; it was stopped before its end"}.`;
  });
  const alike = a.digest === b.digest ? "are alike" : "have the same sizes";
  const scenario = isSameScenario
    ? `The scenarios ${alike}${a.seed === b.seed ? "" : "; the seeds differ"}.`
    : `The scenarios differ in ${differences.join(", ")}.`;
  if (isSameHash) return [...sides, scenario, "The hashes are the same: it is the same run."];
  const since =
    firstDivergenceMs === null
      ? "The hashes differ, but no interval does: what differs is small."
      : `The hashes differ. They are seen to part in the interval that ends at ${formatMs(firstDivergenceMs)}.`;
  return [...sides, scenario, since];
}

/** Of A and B: mean share, longest wait, unserved in all. */
export function roleCells({
  meanShare,
  longestWaitMs,
  unservedMs,
}: RoleFigures): readonly string[] {
  return [
    ...meanShare.map((share) => (share === null ? "-" : format(share, "fraction"))),
    ...[...longestWaitMs, ...unservedMs].map((ms) => (ms === null ? "-" : formatMs(ms))),
  ];
}
