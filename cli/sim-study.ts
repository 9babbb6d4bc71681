import { ClusterError } from "@bourse/model/errors";
import type { OpenbList } from "@bourse/sim/tools/studies/openb-table";
import type { StudyProgress, StudyTable } from "@bourse/sim/tools/studies/study-table";
import type { Command } from "commander";
import { type Context, contextFor, integerOf } from "./context.ts";
import { examples } from "./examples.ts";
import { runWithLargerHeap } from "./larger-heap.ts";
import { printObject, renderList } from "./output.ts";
import { progressBar } from "./progress.ts";

/** Measured at 10,000 and 50,000 agents, two running tasks each, and half as much again. */
const MIB_PER_AGENT = 0.1;

interface OpenbFlags {
  readonly nodes: string;
  readonly pods: string;
  readonly rules?: string;
  readonly seeds: string;
}

/** `bourse sim study`: what others published, measured again here (docs/guides/published-numbers.md). */
export function addSimStudyCommand(sim: Command): void {
  const study = sim
    .command("study")
    .description("measure again what others published, and print both")
    .addHelpText("after", examples("bourse sim study drf-policies"));
  study
    .command("drf-policies")
    .description("DRF against slots and CPU-fair sharing (DRF paper, figures 9-12)")
    .addHelpText("after", examples("bourse sim study drf-policies"))
    .action(async (_flags: unknown, command: Command) => {
      const { studyPolicies } = await import("@bourse/sim/tools/studies/drf-policies");
      await print(contextFor(command), studyPolicies);
    });
  study
    .command("extra-delay")
    .description("the delay of one task in a full cluster (Mesos paper, figure 10)")
    .option("--agents <counts>", "sizes of the cluster, comma-separated", "1000,5000")
    .addHelpText("after", examples("bourse sim study extra-delay --agents 1000,5000,10000,50000"))
    .action(async ({ agents }: { readonly agents: string }, command: Command) => {
      const counts = countsOf(agents, 200, 100_000);
      const exitCode = await runWithLargerHeap(MIB_PER_AGENT * Math.max(...counts));
      if (exitCode !== null) {
        process.exitCode = exitCode;
        return;
      }
      const { studyExtraDelay } = await import("@bourse/sim/tools/studies/extra-delay");
      const stopwatch = (): number => Number(process.hrtime.bigint());
      await print(contextFor(command), (progress) => studyExtraDelay(counts, stopwatch, progress));
    });
  study
    .command("failover")
    .description(
      "how long until everybody is back with a master that was killed (Mesos paper, 6.5)",
    )
    .option("--agents <counts>", "sizes of the cluster, comma-separated", "200,1000")
    .addHelpText("after", examples("bourse sim study failover --agents 200,1000,4000"))
    .action(async ({ agents }: { readonly agents: string }, command: Command) => {
      const counts = countsOf(agents, 1, 20_000);
      const { studyFailover } = await import("@bourse/sim/tools/studies/failover");
      await print(contextFor(command), (progress) => studyFailover(counts, progress));
    });
  study
    .command("small-pickers")
    .description("DRF and the random sorter for a large framework among many small ones")
    .addHelpText("after", examples("bourse sim study small-pickers"))
    .action(async (_flags: unknown, command: Command) => {
      const { studySmallPickers } = await import("@bourse/sim/tools/studies/small-pickers");
      await print(contextFor(command), studySmallPickers);
    });
  addOpenbCommand(study);
}

function addOpenbCommand(study: Command): void {
  study
    .command("openb")
    .description("GPU placement rules on Alibaba's cluster-trace-gpu-v2023 (FGD paper)")
    .requiredOption("--nodes <file>", "the list of nodes; those without GPUs are left out")
    .requiredOption("--pods <file>", "a list of pods, e.g. openb_pod_list_default.csv")
    .option("--rules <names>", "placement rules, comma-separated; all when left out")
    .option("--seeds <count>", "so many orders of arrival, from seed 42 on", "10")
    .addHelpText(
      "after",
      examples(
        "bourse sim study openb --nodes openb_node_list_all_node.csv.gz --pods openb_pod_list_default.csv.gz",
      ),
    )
    .action(async (flags: OpenbFlags, command: Command) => {
      const { OPENB_RULES, openbListOf, studyOpenb } = await import(
        "@bourse/sim/tools/studies/openb-table"
      );
      const { readOpenbNodes, readOpenbPods } = await import(
        "@bourse/sim/tools/studies/openb-trace"
      );
      const rules = rulesOf(flags.rules, OPENB_RULES);
      const count = integerOf(flags.seeds, "--seeds", 1, 1_000);
      const seeds = Array.from({ length: count }, (_, index) => 42 + index);
      const nodes = await readOpenbNodes(flags.nodes);
      const pods = await readOpenbPods(flags.pods);
      const list: OpenbList | null = openbListOf(flags.pods);
      await print(contextFor(command), (progress) =>
        studyOpenb({ nodes, pods, list, rules, seeds }, progress),
      );
    });
}

/** A study blocks until it is done; Ctrl-C ends it without traces. */
async function print(
  context: Context,
  study: (progress: StudyProgress) => StudyTable,
): Promise<void> {
  const bar = await progressBar();
  const table = study((done, of) => bar.show(done, of, `${done} of ${of}`));
  bar.clear();
  if (context.output !== "table") {
    printObject(context, table);
    return;
  }
  const columns = table.columns.map((title, place) => ({
    title,
    value: (row: StudyTable["rows"][number]) => cellText(row[place] ?? null),
    ...(place === 0 ? {} : { align: "right" as const }),
  }));
  const rows = renderList(context, table.rows, columns, ([first]) => String(first));
  if (context.isQuiet) process.stdout.write(rows);
  else {
    const notes = table.notes.map((note) => `${note}\n`).join("");
    process.stdout.write(`${context.colors.bold(table.title)}\n\n${rows}\n${notes}`);
  }
}

function cellText(cell: string | number | null): string {
  if (cell === null || Number.isNaN(cell)) return "-";
  if (typeof cell === "string" || Number.isInteger(cell)) return String(cell);
  return cell.toFixed(Math.abs(cell) < 1 ? 3 : 2);
}

function countsOf(text: string, from: number, to: number): readonly number[] {
  return text.split(",").map((part) => integerOf(part, "--agents", from, to));
}

function rulesOf<Rule extends string>(text: string | undefined, all: readonly Rule[]): Rule[] {
  if (text === undefined) return all.slice();
  return text.split(",").map((part) => {
    const rule = all.find((known) => known === part.trim());
    if (rule !== undefined) return rule;
    throw new ClusterError("invalid_call", `--rules names ${JSON.stringify(part)}`, {
      hint: `known rules: ${all.join(", ")}`,
    });
  });
}
