import type { Comparison, Figure } from "./compare.ts";
import { formatFigure, formatRatio, likenessOf, roleCells } from "./compare-text.ts";
import { escapeHtml, tableHtml } from "./html-text.ts";

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
  const roleRows = roles.map((row) => [`<code>${escapeHtml(row.role)}</code>`, ...roleCells(row)]);
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

function cell(figure: Figure, side: "a" | "b"): string {
  const value = escapeHtml(formatFigure(figure, figure[side]));
  return figure.better === side ? `<span class="better">${value}</span>` : value;
}
