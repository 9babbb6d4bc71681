import type { Figure } from "./compare.ts";
import { format, formatMib } from "./page/units.ts";

/** A figure, or the difference of two, as people read it. */
export function formatFigure({ unit }: Pick<Figure, "unit">, value: number): string {
  if (value < 0) return `-${formatFigure({ unit }, -value)}`;
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
  return ratio === null ? "-" : `${ratio >= 100 ? Math.round(ratio) : ratio.toFixed(2)}x`;
}
