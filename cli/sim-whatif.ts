import { existsSync } from "node:fs";
import type { PlacementRule } from "@bourse/engine/scenario/scenario";
import type { StartAgent, StartState } from "@bourse/engine/start/start-state";
import { ClusterError } from "@bourse/model/errors";
import type { Submission, WhatIfChanges, WhatIfQuestion } from "@bourse/sim/tools/whatif/question";
import type { WhatIfAnswer } from "@bourse/sim/tools/whatif/what-if";
import type { Command } from "commander";
import { type Context, collect, contextFor, durationMs } from "./context.ts";
import { examples } from "./examples.ts";
import { onInterrupt } from "./interrupt.ts";
import { runWithLargerHeap } from "./larger-heap.ts";
import { renderData } from "./output.ts";
import { progressBar } from "./progress.ts";
import { roleOf } from "./role-lookup.ts";
import {
  addPolicyOptions,
  type PolicyFlags,
  policyChangeOf,
  settingsOf,
} from "./sim-policy-flags.ts";
import { addSourceOptions, type SourceFlags, startStateOf } from "./sim-whatif-source.ts";
import { answerData, answerText } from "./sim-whatif-text.ts";
import { checkWritable } from "./writable.ts";

interface WhatIfFlags extends PolicyFlags, SourceFlags {
  readonly addAgents?: readonly string[];
  readonly drain?: readonly string[];
  readonly remove?: readonly string[];
  readonly lose?: readonly string[];
  readonly submit?: readonly string[];
  readonly role: string;
  readonly placement: string;
  readonly force?: boolean;
  readonly assume?: readonly string[];
  readonly duration: string;
  readonly taskLifetime?: string;
  readonly replaceAfter?: string;
  readonly seed: string;
  readonly report?: string;
}

/** `bourse sim whatif`: a change tried on a copy of a live cluster, in virtual time (FEATURES A-2). */
export function addSimWhatIfCommand(sim: Command): void {
  const command = sim
    .command("whatif")
    .description("try a change on a copy of a live cluster; the cluster itself is only read")
    .option(
      "--add-agents <count[:like]>",
      "e.g. 5, 5:node-1, '5:cpus:8;mem:16384'; repeat it",
      collect,
    )
    .option(
      "--drain <agents>",
      "an agent, zone=Z or ATTRIBUTE=VALUE: leave it in good order",
      collect,
    )
    .option("--remove <agents>", "take machines down: their tasks are lost at once", collect)
    .option("--lose <agents>", "machines lose power, and nobody tells the master", collect)
    .option(
      "--submit <tasks>",
      "'100x cpus=1,mem=512MiB[,run=10m]' or a load file; repeat it",
      collect,
    )
    .option("--role <role>", "of what is submitted", "*")
    .option("--placement <rule>", `of what is submitted: ${PLACEMENTS.join(", ")}`, "first");
  addPolicyOptions(command).option("--force", "set quotas also below what is consumed");
  addSourceOptions(command)
    .option(
      "--assume <name=value>",
      "a setting that the live master has: it does not tell them",
      collect,
    )
    .option("--duration <time>", "of virtual time after the change", "10m")
    .option(
      "--task-lifetime <time>",
      "running tasks end well, each within this time (default: never)",
    )
    .option("--replace-after <time>", "tasks on lost agents are given up after so long", "60s")
    .option("--seed <text>", "of all chance; the same question gives the same answer", "1")
    .option("--report <file.html>", "write a page with charts of both runs")
    .addHelpText("after", MODEL)
    .addHelpText(
      "after",
      examples(
        "bourse sim whatif --submit '100x cpus=1,mem=512MiB' --role eng",
        "bourse sim whatif --drain rack=r1 --duration 5m",
        "bourse sim whatif --lose zone=a --add-agents 3:node-1",
        "bourse sim whatif --quota 'eng=cpus:20;mem:65536' --weight ops=2 --submit load.csv --role eng",
        "bourse sim whatif --save cluster.json && bourse sim whatif --snapshot cluster.json --remove node-2",
      ),
    )
    .action(async (flags: WhatIfFlags, self: Command) => {
      process.exitCode = await ask(contextFor(self), flags);
    });
}

const PLACEMENTS: readonly PlacementRule[] = [
  ...(["first", "random", "spread", "best-fit", "dot-product"] as const),
  ...(["gpu-packing", "gpu-clustering", "fragmentation"] as const),
];

const MODEL = `
What is assumed: frameworks keep the tasks they have and want no more; what is stopped or lost they launch
anew, on the first offer that holds it. Drained agents get no offers and their tasks are stopped and
launched elsewhere, one by one as each has ended; removed machines go down for maintenance. The answer
says what else it assumes. It is twice the same for the same question.
Exit code: 0; 1 when an invariant broke; 2 for wrong input; 130 after Ctrl-C.`;

async function ask(context: Context, flags: WhatIfFlags): Promise<number> {
  const duration = positive(flags.duration, "--duration");
  const policy = await policyChangeOf(flags);
  // Whatever can be wrong without the cluster is said before it is asked.
  roleOf(flags.role, "--role");
  placementOf(flags.placement);
  const assumed = settingsOf(flags.assume ?? [], "--assume");
  checkWritable(flags.save, "--save");
  checkWritable(flags.report, "--report");
  const told = await startStateOf(context, flags);
  const state = { ...told, config: { ...told.config, ...assumed } };
  const changes = await changesOf(flags, state, policy);
  if (isNothing(changes)) return nothingAsked(context, flags, state);
  const question: WhatIfQuestion = {
    state,
    changes,
    durationMs: duration,
    seed: flags.seed,
    taskLifetimeMs: optional(flags.taskLifetime, "--task-lifetime"),
    replaceUnreachableAfterMs: optional(flags.replaceAfter, "--replace-after"),
  };
  const exitCode = await runWithLargerHeap(heapNeededMib(question));
  if (exitCode !== null) return exitCode;
  const { answer, stopCode } = await answerOf(question);
  const texts = changeTexts(flags, policy.texts, changes);
  process.stdout.write(
    context.output === "table"
      ? answerText(context, question, answer, texts)
      : renderData(context, answerData(question, answer, texts)),
  );
  if (flags.report !== undefined) await writeReport(context, flags.report, answer);
  if (stopCode !== null) {
    process.stderr.write("stopped before the end: this is how far it had come\n");
    return stopCode;
  }
  return answer.changed.report.violations.length > 0 ? 1 : 0;
}

interface Answered {
  readonly answer: WhatIfAnswer;
  /** Of a process that a signal ended. */
  readonly stopCode: number | null;
}

async function answerOf(question: WhatIfQuestion): Promise<Answered> {
  const { whatIf } = await import("@bourse/sim/tools/whatif/what-if");
  const progress = await progressBar();
  const interrupt = onInterrupt(
    () => {},
    () => progress.clear(),
  );
  try {
    const answer = await whatIf(question, {
      stopwatch: () => performance.now() * 1e6,
      progress: (fraction) => progress.show(fraction, 1, fraction < 0.5 ? "as it is" : "changed"),
      isStopWanted: () => interrupt.exitCode !== null,
    });
    return { answer, stopCode: interrupt.exitCode };
  } finally {
    progress.clear();
    interrupt.off();
  }
}

/** A task takes some 20 KiB in all cores together, an agent 100 KiB. */
function heapNeededMib({ state, changes }: WhatIfQuestion): number {
  let tasks = state.tasks.length;
  for (const { rows } of changes.submissions) for (const { count } of rows) tasks += count;
  return 400 + tasks * 0.02 + (state.agents.length + changes.join.length) * 0.1;
}

/** Only to save a snapshot is no question. */
function nothingAsked(context: Context, flags: WhatIfFlags, { source }: StartState): number {
  if (flags.save === undefined) {
    throw new ClusterError("invalid_call", "nothing is to be changed", {
      hint: "say what: --submit, --add-agents, --drain, --remove, --lose, --quota, --weight, --set; or --save the cluster",
    });
  }
  if (context.output === "table" && !context.isQuiet) {
    process.stderr.write(`saved ${source} in ${flags.save}\n`);
  }
  return 0;
}

// ---- what is to be changed ----

async function changesOf(
  flags: WhatIfFlags,
  state: StartState,
  policy: Awaited<ReturnType<typeof policyChangeOf>>,
): Promise<WhatIfChanges> {
  const { selectAgents } = await import("@bourse/sim/tools/whatif/select-agents");
  const { addedAgents } = await import("@bourse/sim/tools/whatif/added-agents");
  const { CHANGE_AT_MS } = await import("@bourse/sim/tools/whatif/question");
  const chosen = (texts: readonly string[] | undefined, flag: string): readonly StartAgent[] =>
    Array.from(new Set((texts ?? []).flatMap((text) => selectAgents(state, text, flag))));
  const join: WhatIfChanges["join"][number][] = [];
  for (const text of flags.addAgents ?? []) {
    join.push(...addedAgents(state, text, { atMs: CHANGE_AT_MS, firstNumber: join.length + 1 }));
  }
  const changes: WhatIfChanges = {
    config: policy.config,
    weights: policy.weights,
    quotas: policy.quotas,
    isForced: flags.force === true,
    join,
    drain: chosen(flags.drain, "--drain"),
    remove: chosen(flags.remove, "--remove"),
    lose: chosen(flags.lose, "--lose"),
    submissions: await submissionsOf(flags, state),
  };
  refuseTwoFates(changes);
  return changes;
}

function refuseTwoFates({ drain, remove, lose }: WhatIfChanges): void {
  const seen = new Set<StartAgent>();
  for (const agent of [...drain, ...remove, ...lose]) {
    if (seen.has(agent)) {
      throw new ClusterError("invalid_call", `agent ${agent.hostname} is given two fates at once`, {
        hint: "name it in one of --drain, --remove and --lose",
      });
    }
    seen.add(agent);
  }
}

/** One framework for each: they compete as frameworks of one role do. */
async function submissionsOf(
  flags: WhatIfFlags,
  state: StartState,
): Promise<readonly Submission[]> {
  const { isSubmissionText, submissionOf } = await import(
    "@bourse/sim/tools/whatif/submission-text"
  );
  const taken = new Set([
    ...state.agents.map(({ hostname }) => hostname),
    ...state.frameworks.map(({ name }) => name),
  ]);
  const submissions: Submission[] = [];
  for (const [index, text] of (flags.submit ?? []).entries()) {
    const rows = isSubmissionText(text) ? [submissionOf(text)] : await loadFile(text);
    const name = `submitted-${index + 1}`;
    submissions.push({
      name: taken.has(name) ? `${name}-whatif` : name,
      role: roleOf(flags.role, "--role"),
      rows,
      placement: placementOf(flags.placement),
    });
  }
  return submissions;
}

async function loadFile(path: string): Promise<Submission["rows"]> {
  if (!existsSync(path)) {
    throw new ClusterError("not_found", `--submit ${path}: there is no such load file`, {
      hint: "write tasks like '100x cpus=1,mem=512MiB,run=10m', or name a file made by `bourse sim gen`",
    });
  }
  const { readLoadFile } = await import("@bourse/sim/tools/load-file/read-load-file");
  return readLoadFile(path, { warn: (text) => void process.stderr.write(`${text}\n`) });
}

function placementOf(text: string): PlacementRule {
  const found = PLACEMENTS.find((rule) => rule === text);
  if (found !== undefined) return found;
  throw new ClusterError("invalid_call", `--placement ${text} is no rule`, {
    hint: `take one of ${PLACEMENTS.join(", ")}`,
  });
}

function positive(text: string, flag: string): number {
  const ms = durationMs(text, flag);
  if (ms > 0) return ms;
  throw new ClusterError("invalid_call", `${flag} must be longer than 0`);
}

function optional(text: string | undefined, flag: string): number | null {
  return text === undefined ? null : positive(text, flag);
}

function isNothing(changes: WhatIfChanges): boolean {
  const { config, weights, quotas, join, drain, remove, lose, submissions } = changes;
  const lists = [weights, quotas, join, drain, remove, lose, submissions];
  return Object.keys(config).length === 0 && lists.every((list) => list.length === 0);
}

/** The question in words. */
function changeTexts(
  flags: WhatIfFlags,
  policy: readonly string[],
  { drain, remove, lose }: WhatIfChanges,
): readonly string[] {
  const fate = (
    what: string,
    texts: readonly string[] | undefined,
    agents: readonly StartAgent[],
  ) =>
    texts === undefined || texts.length === 0
      ? []
      : [`${what} ${texts.join(", ")}: ${hostsText(agents)}`];
  return [
    ...(flags.addAgents ?? []).map((text) => `add agents: ${text}`),
    ...fate("drain", flags.drain, drain),
    ...fate("remove", flags.remove, remove),
    ...fate("lose", flags.lose, lose),
    ...policy,
    ...(flags.submit ?? []).map((text) => `submit ${text} as role ${flags.role}`),
  ];
}

const HOSTS_SHOWN = 5;

function hostsText(agents: readonly StartAgent[]): string {
  const names = agents.slice(0, HOSTS_SHOWN).map(({ hostname }) => hostname);
  const more = agents.length > HOSTS_SHOWN ? ` and ${agents.length - HOSTS_SHOWN} more` : "";
  return `${names.join(", ")}${more}`;
}

async function writeReport(context: Context, path: string, answer: WhatIfAnswer): Promise<void> {
  const { compareRuns } = await import("@bourse/sim/tools/report/compare");
  const { writeHtmlComparison } = await import("@bourse/sim/tools/report/write-report");
  const reports = [answer.baseline.report, answer.changed.report] as const;
  writeHtmlComparison(path, reports, compareRuns(...reports));
  if (!context.isQuiet) process.stderr.write(`wrote ${path}\n`);
}
