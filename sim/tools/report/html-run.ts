import type { RunReport } from "@bourse/engine/report/run-report";
import { escapeHtml, tableHtml } from "./html-text.ts";
import type { PageRun } from "./page/page-data.ts";
import { format, formatAmount, formatCount, formatMib, formatMs } from "./page/units.ts";

/** In one sentence: did it place everything, did every promise hold. */
export function verdictHtml(report: RunReport): string {
  const problems = problemsOf(report);
  const { tasks, scenario } = report;
  if (problems.length === 0) {
    const placed =
      tasks.submitted === 0
        ? launchedText(report)
        : `All ${formatCount(tasks.submitted)} tasks were placed`;
    const held = scenario.agents === 0 ? "" : ", and every invariant held";
    return `<div class="verdict good" role="status"><p>${placed}${held}.</p></div>`;
  }
  const items = problems.map((text) => `<li>${escapeHtml(text)}</li>`).join("");
  return `<div class="verdict bad" role="status"><p>Not everything went well.</p><ul>${items}</ul></div>`;
}

/** Without a load there is nothing that could be left over: services and the like launch what they want. */
function launchedText({ series }: RunReport): string {
  const launched = series.launched.reduce((sum, count) => sum + count, 0);
  return launched === 0
    ? "There was nothing to place"
    : `Frameworks without a load launched ${formatCount(launched)} tasks`;
}

/** What is wrong with a run; empty = nothing. */
export function problemsOf({
  tasks,
  violations,
  isComplete,
  scenario,
}: RunReport): readonly string[] {
  const waiting = tasks.submitted - tasks.placed;
  const toCome = scenario.tasks - tasks.submitted;
  return [
    ...(isComplete
      ? []
      : ["The run was stopped before its end: the figures are of the part that ran."]),
    ...(waiting > 0
      ? [`${formatCount(waiting)} of ${formatCount(tasks.submitted)} tasks were not placed.`]
      : []),
    ...(toCome > 0 && !isComplete ? [`${formatCount(toCome)} tasks had not arrived yet.`] : []),
    ...(tasks.failed > 0 ? [`${formatCount(tasks.failed)} tasks failed for good.`] : []),
    ...violations.map(
      ({ check, atMs, message }) =>
        `Violation of ${check}${Number.isFinite(atMs) ? ` at ${formatMs(atMs)}` : ""}: ${message}`,
    ),
  ];
}

/** What ran and what it took. */
export function factsHtml(report: RunReport): string {
  const { scenario, tasks, latencyMs } = report;
  const { submitToRunning } = latencyMs;
  const capacity = Object.entries(scenario.capacity).map(([name, milli]) =>
    formatAmount(name, milli),
  );
  const has = submitToRunning.count > 0;
  const facts: readonly (readonly [string, string])[] = [
    ["tasks placed", `${formatCount(tasks.placed)} of ${formatCount(tasks.submitted)}`],
    ["submit to running, median", has ? formatMs(submitToRunning.p50) : "-"],
    ["submit to running, p99", has ? formatMs(submitToRunning.p99) : "-"],
    ["violations", String(report.violations.length)],
    ["agents", formatCount(scenario.agents)],
    ["frameworks", formatCount(scenario.frameworks)],
    ["capacity", capacity.join(", ") || "-"],
    ["faults", formatCount(scenario.faults)],
    [
      "running, finished, failed",
      [tasks.running, tasks.finished, tasks.failed].map(formatCount).join(", "),
    ],
    ["retries", formatCount(tasks.retries)],
    ["virtual time", formatMs(report.virtualMs)],
    ["events", formatCount(report.events)],
    ["wall time", formatMs(report.wallSeconds * 1_000)],
    ["of that, the master's core", formatMs(report.masterCoreSeconds * 1_000)],
    ["memory at most", report.peakRssMib > 0 ? formatMib(report.peakRssMib) : "-"],
    ["seed", scenario.seed],
    ["hash", report.hash],
  ];
  const list = facts
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`)
    .join("");
  const again =
    report.command === undefined
      ? `<p>The same scenario with seed <code>${escapeHtml(scenario.seed)}</code> gives the same hash on every machine.</p>`
      : `<p>Run it again; the hash is the same on every machine:</p><pre><code>${escapeHtml(report.command)}</code></pre>`;
  return `<dl class="facts">${list}</dl>${again}`;
}

const PARTS = {
  submitToOffered: "arrival to offer",
  submitToAccepted: "arrival to accept",
  submitToRunning: "arrival to running",
  acceptToStaging: "accept to first update",
  stagingToRunning: "first update to running",
} as const;

/** Latencies of the whole run, in parts; with two runs, side by side. */
export function latencyTable(runs: readonly PageRun[]): string {
  const heads = runs.flatMap(({ label }) =>
    ["tasks", "p50", "p99", "max"].map((name) => (label === "" ? name : `${label} ${name}`)),
  );
  const rows = Object.entries(PARTS).map(([part, name]) => [
    name,
    ...runs.flatMap(({ report }) => {
      const { count, p50, p99, max } = report.latencyMs[part as keyof typeof PARTS];
      const cells = [p50, p99, max].map((ms) => (count === 0 ? "-" : formatMs(ms)));
      return [formatCount(count), ...cells];
    }),
  ]);
  const isSmall = runs.some(({ report }) => {
    const { count } = report.latencyMs.submitToRunning;
    return count > 0 && count < 100;
  });
  const caption = "Latency over the whole run, in virtual time, from the intended arrival";
  const caveat = "; of fewer than 100 tasks the 99th percentile is the slowest";
  return tableHtml(isSmall ? caption + caveat : caption, ["part", ...heads], rows);
}

const ROLES_MAX = 100;

/** Who waited, the worst first. */
export function roleTable({ roles }: RunReport): string {
  if (roles.length === 0) return '<p class="nothing">There were no roles.</p>';
  const worst = roles
    .toSorted((a, b) => b.unservedMs - a.unservedMs || b.longestWaitMs - a.longestWaitMs)
    .slice(0, ROLES_MAX);
  const rows = worst.map((role) => [
    `<code>${escapeHtml(role.role)}</code>`,
    formatMs(role.unservedMs),
    formatMs(role.longestUnservedMs),
    formatMs(role.longestWaitMs),
    format(role.meanShare, "fraction"),
  ]);
  const more = roles.length - worst.length;
  const caption = `${more > 0 ? `The ${ROLES_MAX} worst of ${formatCount(roles.length)} roles. ` : ""}Unserved is below its fair share or its guarantee and given nothing; zero is good.`;
  return tableHtml(
    caption,
    ["role", "unserved in all", "longest", "longest wait of a task", "mean share"],
    rows,
  );
}

const ENTRIES_MAX = 500;

/** Violations first of all are never left out; of the rest the first ones. */
export function timelineTable({ timeline, timelineLeftOut }: RunReport): string {
  if (timeline.length === 0)
    return '<p class="nothing">No faults, no operations, no violations.</p>';
  let room = ENTRIES_MAX;
  const shown = timeline.filter(({ kind }) => kind === "violation" || room-- > 0);
  const left = timeline.length - shown.length + timelineLeftOut;
  const rows = shown.map(({ atMs, kind, text }) => [
    formatMs(atMs),
    `<span class="kind-${kind}">${kind}</span>`,
    escapeHtml(text),
  ]);
  const caption = `What happened to the cluster${left > 0 ? `; ${formatCount(left)} more entries are not listed here` : ""}`;
  return tableHtml(caption, ["at", "kind", "what"], rows, [1, 2]);
}
