import { resolve } from "node:path";
import { ClusterError } from "@bourse/model/errors";
import type { Comparison, Figure, RoleFigures } from "@bourse/sim/tools/report/compare";
import type { Command } from "commander";
import { type Context, collect, contextFor, contextOf, OUTPUT_FORMATS } from "./context.ts";
import { examples } from "./examples.ts";
import { type Column, renderData, renderList } from "./output.ts";
import { checkWritable } from "./writable.ts";

/** `bourse sim report` and `bourse sim compare`: what to do with what `bourse sim run --out run.json` wrote. */
export function addSimReportCommands(sim: Command): void {
  sim
    .command("report")
    .argument("<run.json>", "what `bourse sim run --out` wrote, or its `-o json` printed")
    .description("draw a run as one page that needs no network")
    .option("--out <file.html>", "where to write it, as -o (default: beside the report)")
    .addHelpText(
      "after",
      examples(
        "bourse sim run --agents 1000 --tasks 100000 --out run.json && bourse sim report run.json",
        "bourse sim report run.json -o page.html",
      ),
    )
    .action(async (path: string, flags: { readonly out?: string }, command: Command) => {
      const { context, file } = whereTo(command);
      const page = flags.out ?? file ?? pageBeside(path);
      if (resolve(page) === resolve(path)) {
        throw new ClusterError("invalid_call", `the page would be written over ${path}`, {
          hint: `name another file, e.g. -o ${pageBeside(path)}`,
        });
      }
      const { readReport } = await import("@bourse/sim/tools/report/read-report");
      const { writeHtmlReport } = await import("@bourse/sim/tools/report/write-report");
      writeHtmlReport(page, readReport(path));
      sayWritten(context, page);
    });
  sim
    .command("compare")
    .argument("<a.json>", "a report, the one to judge by")
    .argument("<b.json>", "another")
    .description("set two runs side by side: what is better, by how much, and since when they part")
    .option("--report <file.html>", "write a page with both in the same charts")
    .option("--fail-if <condition>", "exit with 1 when it holds for B; may be repeated", collect)
    .addHelpText("after", CONDITIONS)
    .addHelpText(
      "after",
      examples(
        "bourse sim compare before.json after.json --report both.html",
        "bourse sim compare before.json after.json --fail-if 'submitToRunning.p99 > 1.1x'",
        "bourse sim compare before.json after.json -o json",
      ),
    )
    .action(async (a: string, b: string, flags: CompareFlags, command: Command) => {
      process.exitCode = await compare(contextFor(command), [a, b], flags);
    });
}

interface CompareFlags {
  readonly report?: string;
  readonly failIf?: readonly string[];
}

const CONDITIONS = `
Conditions: a figure of the table, of which the beginning may be left out, then >, >=, < or <=, then a
number, or how many times that of A: 'submitToRunning.p99 > 1.1x', 'violations > 0', 'tasks.placed < 1x'.
Times are in milliseconds, of decisions in microseconds, fractions from 0 to 1.`;

async function compare(
  context: Context,
  [pathA, pathB]: readonly [string, string],
  flags: CompareFlags,
): Promise<number> {
  const { compareRuns } = await import("@bourse/sim/tools/report/compare");
  const { brokenBy, parseThreshold } = await import("@bourse/sim/tools/report/fail-if");
  const { readReport } = await import("@bourse/sim/tools/report/read-report");
  checkWritable(flags.report, "--report");
  const thresholds = (flags.failIf ?? []).map(parseThreshold);
  const reports = [readReport(pathA), readReport(pathB)] as const;
  const comparison = compareRuns(...reports);
  const failed = thresholds.flatMap((threshold) => {
    const figure = brokenBy(threshold, comparison.figures);
    return figure === null ? [] : [{ condition: threshold.text, figure }];
  });
  if (flags.report !== undefined) {
    const { writeHtmlComparison } = await import("@bourse/sim/tools/report/write-report");
    writeHtmlComparison(flags.report, reports, comparison);
  }
  process.stdout.write(
    context.output === "table"
      ? await comparisonText(context, comparison)
      : renderData(context, { ...comparison, failed: failed.map(({ condition }) => condition) }),
  );
  const { formatFigure } = await import("@bourse/sim/tools/report/compare-text");
  for (const { condition, figure } of failed) {
    const [a, b] = [formatFigure(figure, figure.a), formatFigure(figure, figure.b)];
    process.stderr.write(`bourse: ${condition}: ${figure.path} is ${a} in A and ${b} in B\n`);
  }
  return failed.length > 0 ? 1 : 0;
}

/** Two runs beside each other, for people. */
export async function comparisonText(context: Context, comparison: Comparison): Promise<string> {
  const { formatFigure, formatRatio, likenessOf, roleCells } = await import(
    "@bourse/sim/tools/report/compare-text"
  );
  const columns: readonly Column<Figure>[] = [
    { title: "FIGURE", value: ({ path, isOfMachine }) => (isOfMachine ? `${path} *` : path) },
    { title: "A", value: (figure) => formatFigure(figure, figure.a), align: "right" },
    { title: "B", value: (figure) => formatFigure(figure, figure.b), align: "right" },
    { title: "B - A", value: (figure) => formatFigure(figure, figure.difference), align: "right" },
    { title: "B / A", value: formatRatio, align: "right" },
    { title: "BETTER", value: ({ better }) => (better === "same" ? "" : better.toUpperCase()) },
  ];
  const titles = ["SHARE A", "SHARE B", "WAIT A", "WAIT B", "UNSERVED A", "UNSERVED B"];
  const roles: readonly Column<RoleFigures>[] = [
    { title: "ROLE", value: ({ role }) => role },
    ...titles.map((title, index) => ({
      title,
      value: (row: RoleFigures) => roleCells(row)[index] ?? "",
      align: "right" as const,
    })),
  ];
  const table = { ...context, isQuiet: false };
  return [
    ...likenessOf(comparison).map((text) => `${text}\n`),
    "\n",
    renderList(table, comparison.figures, columns, ({ path }) => path),
    "* of the machine it ran on: even the same run differs a little\n",
    ...(comparison.roles.length === 0
      ? []
      : ["\n", renderList(table, comparison.roles, roles, ({ role }) => role)]),
  ].join("");
}

/** `-o` is the format everywhere else; what is none is the file here. */
function whereTo(command: Command): { readonly context: Context; readonly file: string | null } {
  const { output, ...flags } = command.optsWithGlobals<{ output?: string }>();
  const isFormat = output === undefined || (OUTPUT_FORMATS as readonly string[]).includes(output);
  return isFormat
    ? { context: contextFor(command), file: null }
    : { context: contextOf(flags), file: output };
}

function pageBeside(path: string): string {
  return `${path.replace(/\.json$/, "")}.html`;
}

function sayWritten(context: Context, page: string): void {
  if (context.output !== "table") process.stdout.write(renderData(context, { written: page }));
  else if (context.isQuiet) process.stdout.write(`${page}\n`);
  else process.stdout.write(`${page} is written; open it in a browser\n`);
}
