import { scalarMilli } from "@bourse/model/resources";
import type { Outcome, Standing, WaitingTasks } from "@bourse/sim/tools/whatif/outcome";
import type { WhatIfQuestion } from "@bourse/sim/tools/whatif/question";
import type { WhatIfAnswer } from "@bourse/sim/tools/whatif/what-if";
import type { Context } from "./context.ts";
import { printable, resourcesText } from "./output.ts";

const ROLES_MAX = 20;
const MOVES_SHOWN = 10;
const NOTES_SHOWN = 10;
const RELAXATIONS_SHOWN = 3;

/** What would happen, beside what happens if nothing is changed, for people; with -q without what is assumed. */
export function answerText(
  { colors, isQuiet }: Context,
  question: WhatIfQuestion,
  { baseline, changed }: WhatIfAnswer,
  changes: readonly string[],
): string {
  const { bold, red } = colors;
  const rows: Row[] = [
    ...clusterRows(baseline, changed),
    ...taskRows(baseline, changed),
    ...roleRows(baseline, changed),
  ];
  const lines = [
    ...changes.map(
      (text, index) => `${bold(index === 0 ? "what if  " : "and      ")} ${printable(text)}`,
    ),
    `${bold("in")}        ${printable(question.state.source)}, at ${new Date(question.state.takenAtMs).toISOString()}`,
    "",
    ...table(rows, bold),
    "",
    ...waitingLines(changed, bold),
    ...moveLines(changed, bold),
    ...noteLines(changed, bold),
    ...changed.report.violations.map(({ check, message }) =>
      red(`an invariant broke, which is a bug: ${check}: ${printable(message)}`),
    ),
    ...(isQuiet ? [] : [bold("assumed"), ...assumptions(question).map((text) => `  ${text}`)]),
  ];
  return `${lines
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd()}\n`;
}

/** The same as data. */
export function answerData(
  question: WhatIfQuestion,
  { baseline, changed, isStopped }: WhatIfAnswer,
  changes: readonly string[],
): unknown {
  const { state, durationMs, seed } = question;
  return {
    changes,
    source: state.source,
    takenAtMs: state.takenAtMs,
    durationMs,
    seed,
    isStopped,
    baseline: outcomeData(baseline),
    changed: outcomeData(changed),
    assumptions: assumptions(question),
  };
}

function outcomeData({ report, ...outcome }: Outcome): unknown {
  const { hash, violations, virtualMs, events, offers } = report;
  return { ...outcome, hash, violations, virtualMs, events, offers };
}

/** What nobody can see from outside, and how it was taken. */
function assumptions({
  state,
  durationMs,
  taskLifetimeMs,
  replaceUnreachableAfterMs,
}: WhatIfQuestion) {
  const settings =
    Object.keys(state.config).length === 0
      ? "the master runs with its default settings: a live master does not tell them; say others with --assume"
      : "the master runs with the settings that its journal or --assume names, else with its defaults";
  const down = state.frameworks.filter(({ isUp }) => !isUp).length;
  const away = state.agents.filter(({ isUp }) => !isUp).length;
  return [
    "the cluster begins as after a failover of its master; offers that were out are made anew",
    "frameworks keep what they have and want no more: work that waits inside them is not known",
    "lost tasks are launched anew, of the same size and in the same role, on the first offer that holds them",
    "a container starts 0.2 to 0.8 s after its launch and ends 0.05 to 0.5 s after a stop",
    taskLifetimeMs === null
      ? "running tasks go on for ever"
      : `each running task ends at an evenly random time within ${taskLifetimeMs / 1_000} s`,
    `tasks on agents out of reach are given up ${(replaceUnreachableAfterMs ?? 0) / 1_000} s after the master says so`,
    settings,
    ...(down === 0 ? [] : [`${down} frameworks that are not connected do not come back`]),
    ...(away === 0 ? [] : [`${away} agents out of reach do not come back`]),
    `it ends ${durationMs / 1_000} s of virtual time after the change`,
  ];
}

// ---- the table ----

type Row = readonly [what: string, asItIs: string, changed: string];

function table(rows: readonly Row[], bold: (text: string) => string): readonly string[] {
  const all: readonly Row[] = [["", "AS IT IS", "CHANGED"], ...rows];
  const widths = [0, 1].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map(([what, asItIs, changed], index) => {
    const line = `${what.padEnd(widths[0] ?? 0)}   ${asItIs.padEnd(widths[1] ?? 0)}   ${changed}`;
    return index === 0 ? bold(line) : line;
  });
}

function clusterRows(baseline: Outcome, changed: Outcome): readonly Row[] {
  const isUsed = (name: string): boolean =>
    [baseline, changed].some(({ after }) => scalarMilli(after.allocated, name) > 0);
  const names = ["cpus", "mem", ...["disk", "gpus"].filter(isUsed)];
  return [
    ["agents", String(baseline.after.agents), String(changed.after.agents)],
    ...names.map(
      (name): Row => [
        `${name} in use`,
        usedText(baseline.after, name),
        usedText(changed.after, name),
      ],
    ),
  ];
}

function usedText({ allocated, total }: Standing, name: string): string {
  const [used, all] = [scalarMilli(allocated, name), scalarMilli(total, name)];
  if (all === 0) return "-";
  const amount = (milli: number): string => String(Math.round(milli / 10) / 100);
  return `${amount(used)} of ${amount(all)} (${percent(used / all)})`;
}

function taskRows(baseline: Outcome, changed: Outcome): readonly Row[] {
  const both = (what: string, of: (outcome: Outcome) => string): Row => [
    what,
    of(baseline),
    of(changed),
  ];
  return [
    both("tasks kept", ({ tasks }) => String(tasks.kept)),
    ...(baseline.tasks.finished + changed.tasks.finished > 0
      ? [both("tasks that ended", ({ tasks }) => String(tasks.finished))]
      : []),
    both("tasks evicted", ({ tasks }) =>
      tasks.evicted === 0
        ? "0"
        : `${tasks.evicted}: ${tasks.replaced} run elsewhere, ${tasks.evicted - tasks.replaced} wait`,
    ),
    ...(changed.untilReplacedMs === null
      ? []
      : [
          both("  from the change until they run", ({ untilReplacedMs: spread }) =>
            spread === null ? "-" : `p50 ${seconds(spread.p50)}, max ${seconds(spread.max)}`,
          ),
        ]),
    ...(changed.tasks.submitted === 0
      ? []
      : [
          both("tasks submitted", ({ tasks }) =>
            tasks.submitted === 0
              ? "-"
              : `${tasks.submitted}: ${tasks.placed} placed, ${tasks.submitted - tasks.placed} wait`,
          ),
          both("  until they run", ({ untilRunningMs: times }) =>
            times === null
              ? "-"
              : `p50 ${seconds(times.p50)}, p99 ${seconds(times.p99)}, max ${seconds(times.max)}`,
          ),
        ]),
  ];
}

function roleRows(baseline: Outcome, changed: Outcome): readonly Row[] {
  const names = new Set([...baseline.after.roles, ...changed.after.roles].map(({ role }) => role));
  const shareOf = ({ after }: Outcome, role: string): string => {
    const found = after.roles.find((one) => one.role === role);
    return found === undefined ? "-" : `${percent(found.share)} (fair ${percent(found.fairShare)})`;
  };
  return Array.from(names)
    .slice(0, ROLES_MAX)
    .map((role): Row => [`share of ${role}`, shareOf(baseline, role), shareOf(changed, role)]);
}

// ---- below it ----

function waitingLines({ waiting, waitingLeftOut }: Outcome, bold: (text: string) => string) {
  if (waiting.length === 0) return [];
  return [
    bold("what waits at the end, and why"),
    ...waiting.flatMap(waitingText),
    ...(waitingLeftOut > 0 ? [`  and ${waitingLeftOut} more groups`] : []),
    "",
  ];
}

function waitingText({
  framework,
  role,
  count,
  wanted,
  ports,
  summary,
  relaxations,
}: WaitingTasks) {
  const size = `${resourcesText(wanted)}${ports > 0 ? `;${ports} ports` : ""}`;
  return [
    `  ${count} of ${framework} (role ${role}), each ${size}`,
    `    ${printable(summary)}`,
    ...relaxations
      .filter((text) => !summary.includes(text))
      .slice(0, RELAXATIONS_SHOWN)
      .map((text) => `    would help: ${printable(text)}`),
  ];
}

function moveLines({ moves, tasks }: Outcome, bold: (text: string) => string): readonly string[] {
  if (moves.length === 0) return [];
  return [
    bold("evicted"),
    ...moves.slice(0, MOVES_SHOWN).map(({ taskId, framework, from, to, cause, runningAfterMs }) => {
      const where =
        runningAfterMs === null
          ? "waits"
          : `runs on ${to} ${seconds(runningAfterMs)} after the change`;
      return `  ${taskId} of ${framework} on ${from}: ${cause}, ${where}`;
    }),
    ...(tasks.evicted > MOVES_SHOWN
      ? [`  and ${tasks.evicted - MOVES_SHOWN} more; up to 1000 with -o json`]
      : []),
    "",
  ];
}

function noteLines({ notes }: Outcome, bold: (text: string) => string): readonly string[] {
  if (notes.length === 0) return [];
  return [
    bold("what happened besides"),
    ...notes.slice(0, NOTES_SHOWN).map((text) => `  ${printable(text)}`),
    ...(notes.some((text) => text.startsWith("update-quotas is refused"))
      ? ["  so nothing was set; --force sets it all the same"]
      : []),
    ...(notes.length > NOTES_SHOWN ? [`  and ${notes.length - NOTES_SHOWN} more`] : []),
    "",
  ];
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
