import type { LoadTotals } from "@bourse/sim/tools/load-file/load-summary";
import type { Context } from "./context.ts";
import { renderData } from "./output.ts";

/** What a load comes to, for stderr: the load itself may be on stdout. JSON or YAML with `-o`, nothing with -q. */
export function totalsText(context: Context, totals: LoadTotals): string {
  if (context.isQuiet) return "";
  if (context.output !== "table") return renderData(context, totals);
  const { bold } = context.colors;
  const lines: readonly (readonly [string, string])[] = [
    ["rows", `${count(totals.rows)}, ${count(totals.jobs)} jobs`],
    ["tasks", `${count(totals.tasks)}${endless(totals)}`],
    ["arrivals", `${timeText(totals.firstMs)} to ${timeText(totals.lastMs)}, ${rateText(totals)}`],
    ["ends", `${timeText(totals.endMs)} when nothing waits`],
    ["busiest second", `${count(totals.busiestSecondTasks)} tasks`],
    [
      "peak",
      `${count(totals.peakTasks)} tasks, ${count(Math.ceil(totals.peakCpus))} cores, ${count(Math.ceil(totals.peakMemMib / 1_024))} GiB at once with unlimited capacity`,
    ],
    ["work", `${count(Math.round(totals.cpuSeconds / 3_600))} core-hours of what ends`],
  ];
  return lines.map(([name, text]) => `${bold(name.padEnd(16))}${text}\n`).join("");
}

/**
 * What a load comes to goes to stderr, so that the load may be on stdout. What a program reads goes to stdout where
 * nothing else does.
 */
export function tell(context: Context, isStdoutTaken: boolean, text: string): void {
  const isForProgram = context.output !== "table" && !isStdoutTaken;
  (isForProgram ? process.stdout : process.stderr).write(text);
}

function endless({ tasks, endless }: LoadTotals): string {
  if (endless === 0) return "";
  return endless === tasks
    ? ", all run until the end"
    : `, ${count(endless)} of them run until the end`;
}

function rateText({ tasks, firstMs, lastMs }: LoadTotals): string {
  const seconds = (lastMs - firstMs) / 1_000;
  return seconds > 0
    ? `${count(Number((tasks / seconds).toPrecision(3)))} tasks a second`
    : "all at once";
}

/** 2551075 -> "2,551,075". */
export function count(value: number): string {
  const [whole = "", part] = String(value).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return part === undefined ? grouped : `${grouped}.${part}`;
}

/** 59833000 -> "16.6 h". */
export function timeText(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  const units = [
    [86_400_000, "d", 2 * 86_400_000],
    [3_600_000, "h", 2 * 3_600_000],
    [60_000, "min", 2 * 60_000],
    [1_000, "s", 0],
  ] as const;
  const [size, name] = units.find(([, , from]) => ms >= from) ?? [1_000, "s", 0];
  return `${Number((ms / size).toPrecision(3))} ${name}`;
}
