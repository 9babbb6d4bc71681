import type { Comparison, Figure } from "./compare.ts";
import { formatFigure, formatRatio } from "./compare-text.ts";
import { escapeHtml, tableHtml } from "./html-text.ts";
import { format, formatMs } from "./page/units.ts";

/** What two runs have in common, and all figures side by side. */
export function comparedHtml(comparison: Comparison): string {
  const { figures, roles } = comparison;
  const rows = figures.map((figure) => [
    `<code>${escapeHtml(figure.path)}</code>${figure.isOfMachine ? " *" : ""}`,
    cell(figure, "a"),
    cell(figure, "b"),
    escapeHtml(formatFigure(figure, figure.difference)),
    formatRatio(figure),
  ]);
  const roleRows = roles.map(({ role, meanShare, longestWaitMs, unservedMs }) => [
    `<code>${escapeHtml(role)}</code>`,
    ...meanShare.map((share) => (share === null ? "-" : format(share, "fraction"))),
    ...[...longestWaitMs, ...unservedMs].map((ms) => (ms === null ? "-" : formatMs(ms))),
  ]);
  const heads = [
    "A share",
    "B share",
    "A longest wait",
    "B longest wait",
    "A unserved",
    "B unserved",
  ];
  return [
    `<ul>${likenessOf(comparison)
      .map((text) => `<li>${escapeHtml(text)}</li>`)
      .join("")}</ul>`,
    tableHtml(
      "The better of the two is marked. * of the machine it ran on: even the same run differs a little",
      ["figure", "A", "B", "B - A", "B / A"],
      rows,
    ),
    roleRows.length === 0 ? "" : tableHtml("Roles", ["role", ...heads], roleRows),
  ].join("\n");
}

/** Whether they are the same, and if not since when, in sentences. */
export function likenessOf(comparison: Comparison): readonly string[] {
  const { a, b, isSameHash, isSameScenario, differences, firstDivergenceMs } = comparison;
  const sides = (["a", "b"] as const).map((side) => {
    const { name, seed, hash, isComplete } = comparison[side];
    return `${side.toUpperCase()} is ${name}, seed ${seed}, hash ${hash}${isComplete ? "" : "; it was stopped before its end"}.`;
  });
  const scenario = isSameScenario
    ? `The scenarios are alike${a.seed === b.seed ? "" : "; the seeds differ"}.`
    : `The scenarios differ in ${differences.join(", ")}.`;
  if (isSameHash) return [...sides, scenario, "The hashes are the same: it is the same run."];
  const since =
    firstDivergenceMs === null
      ? "The hashes differ, but no interval does: what differs is small."
      : `The hashes differ. They are seen to part in the interval that ends at ${formatMs(firstDivergenceMs)}.`;
  return [...sides, scenario, since];
}

function cell(figure: Figure, side: "a" | "b"): string {
  const value = escapeHtml(formatFigure(figure, figure[side]));
  return figure.better === side ? `<span class="better">${value}</span>` : value;
}
