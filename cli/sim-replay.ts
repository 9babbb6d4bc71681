import { ClusterError } from "@bourse/model/errors";
import type { Finding } from "@bourse/sim/tools/replay/bisect";
import type { Condition } from "@bourse/sim/tools/replay/condition";
import type { Crossings } from "@bourse/sim/tools/replay/crossings";
import type { Incident } from "@bourse/sim/tools/replay/incident";
import type { Stop } from "@bourse/sim/tools/replay/until";
import type { Visitor, WalkResult } from "@bourse/sim/tools/replay/walk";
import type { Command } from "commander";
import { type Context, collect, contextFor } from "./context.ts";
import { examples } from "./examples.ts";
import { incidentAt } from "./incident.ts";
import { onInterrupt } from "./interrupt.ts";
import { printable, renderData } from "./output.ts";
import { progressBar } from "./progress.ts";
import { addPolicyOptions, isPolicyChanged, type PolicyFlags } from "./sim-policy-flags.ts";
import { findingText } from "./sim-replay-finding.ts";
import { type ShowFlags, shownAt, subjectOf, timeText } from "./sim-replay-show.ts";

interface ReplayFlags extends PolicyFlags {
  readonly until?: string;
  readonly bisect?: boolean;
  readonly when?: string;
  readonly show?: readonly string[];
  readonly explain?: readonly string[];
  readonly scenario?: string;
  readonly report?: string;
}

/** `bourse sim replay`: a production incident once more, bit for bit (FEATURES A-3). */
export function addSimReplayCommand(sim: Command): void {
  const command = sim
    .command("replay")
    .description("live through a master's journal again, bit for bit; look at any moment of it")
    .argument("<journal>", "a journal file, or a directory with all of a master's")
    .option("--until <moment>", "stop after this input (1234 or 3.1234), time, or offset (+90s)")
    .option(
      "--show <list>",
      "there: agents, frameworks, tasks, roles or offers; repeat it",
      collect,
    )
    .option("--explain <words...>", "there: framework NAME, role NAME, agent HOST or task ID")
    .option("--when <condition>", "e.g. 'agent node-1 is unreachable for 1m': tell when it held")
    .option("--bisect", "the first input that broke something, or after which --when holds");
  addPolicyOptions(command)
    .option("--scenario <file>", "write the recorded load as a scenario, for bourse sim run")
    .option("--report <file>", "with a changed policy: an HTML report of the changed run")
    .addHelpText("after", WHEN)
    .addHelpText(
      "after",
      examples(
        "bourse sim replay .bourse/master/journal",
        "bourse sim replay .bourse/master/journal --until 2026-11-21T17:03:00Z --show tasks",
        "bourse sim replay .bourse/master/journal --until +90s --explain framework demo",
        "bourse sim replay .bourse/master/journal --when 'framework demo has no offers for 30s'",
        "bourse sim replay .bourse/master/journal --bisect --when 'task web-1 is TASK_LOST'",
        "bourse sim replay .bourse/master/journal --set role-sorter=random --weight eng=2",
      ),
    )
    .action(async (path: string, flags: ReplayFlags, self: Command) => {
      const context = contextFor(self);
      refuseMixtures(flags);
      if (isPolicyChanged(flags) || flags.scenario !== undefined) {
        const { replayOtherwise } = await import("./sim-replay-policy.ts");
        await replayOtherwise(context, path, flags);
        return;
      }
      await replay(context, path, flags);
    });
}

const WHEN = `
Conditions of --when:
  task ID is STATE                    TASK_LOST, lost, running, ...; gone = the master has forgotten it
  agent ID-or-HOST is CONDITION       active, deactivated, disconnected, recovering, unreachable, gone
  framework ID-or-NAME is CONDITION   active, disconnected, recovered, completed
  framework ID-or-NAME has no offers  or: has offers
  'is not' negates; 'for 30s' at the end wants it for so long`;

function refuseMixtures(flags: ReplayFlags): void {
  const isLooking = flags.until !== undefined || flags.bisect === true || flags.when !== undefined;
  const isOther = isPolicyChanged(flags) || flags.scenario !== undefined;
  if (flags.report !== undefined && !isPolicyChanged(flags)) {
    throw new ClusterError("invalid_call", "--report needs a changed policy", {
      hint: "name what is to change with --set, --policy, --weight or --quota",
    });
  }
  if (isOther && isLooking) {
    throw new ClusterError("invalid_call", "a changed policy is another run: it has no moments", {
      hint: "leave out --until, --when and --bisect, or the changes of the policy",
    });
  }
  if (flags.bisect === true && flags.until !== undefined) {
    throw new ClusterError("invalid_call", "--bisect looks for the moment, --until names it", {
      hint: "take one of them; then --until the position that --bisect found",
    });
  }
}

interface Tour {
  readonly stop: Stop | null;
  readonly crossings: Crossings | null;
  readonly condition: Condition | null;
  readonly bisector: (Visitor & { readonly finding: Finding | null }) | null;
}

async function replay(context: Context, path: string, flags: ReplayFlags): Promise<void> {
  const subject = flags.explain === undefined ? null : subjectOf(flags.explain);
  const { walk } = await import("@bourse/sim/tools/replay/walk");
  const incident = await incidentAt(path);
  const tour = await tourOf(incident, flags);
  const progress = await progressBar();
  const interrupt = onInterrupt(
    () => {},
    () => progress.clear(),
  );
  const visitors = [tour.stop, tour.crossings, tour.bisector].filter((one) => one !== null);
  let result: WalkResult;
  try {
    result = await walk(incident, {
      visitors,
      progress: ({ inputs, fraction }) => progress.show(fraction, 1, `${inputs} inputs`),
      isStopWanted: () => interrupt.exitCode !== null,
    });
  } finally {
    progress.clear();
    interrupt.off();
  }
  const { condition, crossings, bisector, stop } = tour;
  if (condition !== null && !condition.hasSubject && bisector?.finding == null) {
    throw new ClusterError("not_found", `${condition.text}: it names nothing in this journal`, {
      hint: "see what there is with --show agents, frameworks or tasks; ids of tasks are written whole",
    });
  }
  if (bisector !== null)
    print(context, bisector.finding, () =>
      findingText(context, bisector.finding, { result, condition: condition?.text ?? null }),
    );
  else if (crossings !== null)
    print(context, crossings.list, () => crossingsText(context, crossings));
  else await show(context, { result, stop, flags: { show: flags.show ?? [], subject } });
  fail(result, bisector?.finding ?? null, interrupt.exitCode);
}

async function tourOf(incident: Incident, flags: ReplayFlags): Promise<Tour> {
  const { Stop, untilOf } = await import("@bourse/sim/tools/replay/until");
  const { conditionOf } = await import("@bourse/sim/tools/replay/condition");
  const { Crossings } = await import("@bourse/sim/tools/replay/crossings");
  const { Bisector } = await import("@bourse/sim/tools/replay/bisect");
  const condition = flags.when === undefined ? null : conditionOf(flags.when);
  const isBisecting = flags.bisect === true;
  return {
    condition,
    stop: flags.until === undefined ? null : new Stop(untilOf(flags.until)),
    crossings: condition === null || isBisecting ? null : new Crossings(condition),
    bisector: isBisecting
      ? new Bisector(condition, { titleOf: (input) => incident.titleOf(input) })
      : null,
  };
}

async function show(
  context: Context,
  {
    result,
    stop,
    flags,
  }: { readonly result: WalkResult; readonly stop: Stop | null; readonly flags: ShowFlags },
): Promise<void> {
  const isShowing = stop !== null || flags.show.length > 0 || flags.subject !== null;
  const { files } = result;
  if (!isShowing) {
    print(context, files, () => filesText(context, result));
    return;
  }
  const shown = shownAt(context, result, stop?.wallMs ?? null, flags);
  print(context, shown.data, () => shown.text);
  if (stop !== null && !stop.isReached) {
    process.stderr.write("the journal ends before this moment: this is its end\n");
  }
}

function print(context: Context, data: unknown, text: () => string): void {
  process.stdout.write(context.output === "table" ? text() : renderData(context, data));
}

function filesText({ colors }: Context, { files }: WalkResult): string {
  const lines = files.map((file) => {
    const verdict =
      file.difference ?? file.failure ?? (file.isTorn ? "its last record is cut off" : null);
    const from = file.inputsBefore === 0 ? "" : ` after ${file.inputsBefore}`;
    return [
      `${file.file}  epoch ${file.epoch}, ${file.inputs} inputs${from}, build ${file.build}`,
      `  rolling hash ${file.rollingHash}, state hash ${file.stateHash}`,
      `  ${verdict === null ? colors.green("every hash was found again") : colors.red(verdict)}`,
    ].join("\n");
  });
  return `${lines.join("\n")}\n`;
}

function crossingsText({ colors }: Context, { list, count }: Crossings): string {
  if (list.length === 0) return "it never held\n";
  const lines = list.map(
    ({ holds, epoch, position, now, title }) =>
      `${timeText(now.wallMs)}  ${epoch}.${position}  ${holds ? colors.red("holds") : "holds no more"}  (${printable(title)})`,
  );
  if (count > list.length) lines.push(`and ${count - list.length} more`);
  return `${lines.join("\n")}\n`;
}

/** A replay that differs is told by the exit code too; what --bisect was to find is no failure of it. */
function fail(result: WalkResult, finding: Finding | null, stopCode: number | null): void {
  if (stopCode !== null) {
    process.stderr.write("stopped before the end: this is what was found until then\n");
    process.exitCode = stopCode;
    return;
  }
  if (finding !== null) return;
  const difference = result.files.find((file) => file.difference !== null)?.difference;
  if (difference == null) return;
  throw new ClusterError("conflict", `the replay differs: ${difference}`, {
    hint: "was the journal written by another build? Its header names the build",
  });
}
