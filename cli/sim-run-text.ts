import type { RunReport } from "@bourse/engine/report/run-report";
import type { Colors } from "./context.ts";

export interface RunOutcome {
  readonly report: RunReport;
  /** What kept the run from being done. */
  readonly lacks: readonly string[];
  readonly verdicts: readonly Verdict[];
}

/** Of a condition that was asked for. */
export interface Verdict {
  readonly holds: boolean;
  readonly text: string;
}

/** Of a list that may be long, so many lines are shown. */
const LINES_MAX = 20;
const ROLES_MAX = 12;

/** What people read of a run on a terminal: whether all is well, how long tasks waited, what it cost. */
export function reportText(colors: Colors, { report, lacks, verdicts }: RunOutcome): string {
  const { bold, green, red, yellow } = colors;
  const { scenario, violations } = report;
  const lines = [
    row(bold, "scenario", `${scenario.name}, seed ${scenario.seed}`),
    row(
      bold,
      "cluster",
      [
        counted(scenario.agents, "agent"),
        counted(scenario.frameworks, "framework"),
        counted(scenario.faults, "fault"),
      ].join(", "),
    ),
    row(bold, "tasks", tasksText(report)),
    row(
      bold,
      "invariants",
      violations.length === 0 ? green("hold") : red(counted(violations.length, "violation")),
    ),
    ...shown(
      violations.map(({ check, atMs, message }) => red(`${check} at ${atMs} ms: ${message}`)),
    ),
    row(bold, "virtual", `${seconds(report.virtualMs)} s, ${report.events} events`),
    row(
      bold,
      "wall",
      `${report.wallSeconds.toFixed(2)} s, of which the master's core ${report.masterCoreSeconds.toFixed(2)} s`,
    ),
    row(bold, "memory", `${Math.round(report.peakRssMib)} MiB at most`),
    row(bold, "hash", report.hash),
    ...latencyLines(report, bold),
    ...decisionLines(report, bold),
    ...roleLines(report, bold),
  ];
  for (const { text, holds } of verdicts)
    lines.push(row(bold, "assert", holds ? green(text) : red(text)));
  if (!report.isComplete) {
    lines.push(yellow("the run is not complete: it ended before everything was done"));
    lines.push(...shown(lacks));
  }
  return lines.map((line) => `${line}\n`).join("");
}

function row(bold: Colors["bold"], name: string, text: string): string {
  return `${bold(name.padEnd(12))}${text}`;
}

function tasksText({ tasks, offers }: RunReport): string {
  const parts = [`${tasks.placed} of ${tasks.submitted} placed`];
  if (tasks.running > 0) parts.push(`${tasks.running} running`);
  if (tasks.finished > 0) parts.push(`${tasks.finished} finished`);
  if (tasks.failed > 0) parts.push(`${tasks.failed} failed`);
  if (tasks.retries > 0) parts.push(`${tasks.retries} tried again`);
  return `${parts.join(", ")}; ${offers.made} offers, ${offers.accepted} of them accepted`;
}

function latencyLines({ latencyMs }: RunReport, bold: Colors["bold"]): readonly string[] {
  if (latencyMs.submitToRunning.count === 0) return [];
  return [
    bold("latency, virtual milliseconds"),
    "  from - to                count       p50       p99        max",
    ...Object.entries(LATENCIES).map(([key, name]) => {
      const { count, p50, p99, max } = latencyMs[key as keyof typeof latencyMs];
      return `  ${name.padEnd(20)}${right(count, 10)}${right(p50, 10)}${right(p99, 10)}${right(max, 11)}`;
    }),
  ];
}

const LATENCIES = {
  submitToOffered: "submit - offered",
  submitToAccepted: "submit - accepted",
  submitToRunning: "submit - running",
  acceptToStaging: "accept - staging",
  stagingToRunning: "staging - running",
} as const satisfies Record<keyof RunReport["latencyMs"], string>;

function decisionLines({ decisions }: RunReport, bold: Colors["bold"]): readonly string[] {
  return [
    bold("decision time of the master's core, microseconds"),
    "  input                    count       p50       p99        max",
    ...Object.entries(decisions).map(
      ([name, { count, p50, p99, max }]) =>
        `  ${name.padEnd(20)}${right(count, 10)}${right(p50.toFixed(1), 10)}${right(p99.toFixed(1), 10)}${right(max.toFixed(1), 11)}`,
    ),
  ];
}

/** Of one role alone there is nothing to compare. */
function roleLines({ roles }: RunReport, bold: Colors["bold"]): readonly string[] {
  if (roles.length < 2) return [];
  const lines = roles
    .slice(0, ROLES_MAX)
    .map(
      ({ role, meanShare, longestWaitMs, longestUnservedMs }) =>
        `  ${role.padEnd(20)}${right((meanShare * 100).toFixed(1), 10)}${right(seconds(longestWaitMs), 15)}${right(seconds(longestUnservedMs), 18)}`,
    );
  if (roles.length > ROLES_MAX) lines.push(`  and ${roles.length - ROLES_MAX} more`);
  return [
    bold("roles"),
    "  role               mean share %  longest wait s  longest unserved s",
    ...lines,
  ];
}

function shown(lines: readonly string[]): readonly string[] {
  const rest = lines.length - LINES_MAX;
  const first = lines.slice(0, LINES_MAX).map((line) => `  ${line}`);
  return rest > 0 ? [...first, `  and ${rest} more`] : first;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function right(value: number | string, width: number): string {
  return String(value).padStart(width);
}

function seconds(milliseconds: number): string {
  return String(Math.round(milliseconds / 100) / 10);
}
