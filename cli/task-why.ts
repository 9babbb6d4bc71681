import { ClusterError } from "@bourse/model/errors";
import type { Explanation } from "@bourse/model/explain";
import type { FrameworkId } from "@bourse/model/ids";
import type { ExplainSubject } from "@bourse/model/operator";
import { formatResources } from "@bourse/model/resources";
import { type JobView, RUNNER_NAME, type RunnerReply } from "@bourse/model/runner";
import type { TaskStatus } from "@bourse/model/task";
import type { Command } from "commander";
import type { OperatorClient } from "./client.ts";
import { type Context, contextFor, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { explanationText, reasonText } from "./explain-text.ts";
import { findTarget } from "./jobs.ts";
import { findFramework } from "./lookup.ts";
import { printable, renderData } from "./output.ts";

type Why = Extract<RunnerReply, { kind: "why" }>;

/** `task why`: both sides of the answer, the framework's reasons and the master's (FEATURES N-01, A-1). */
export function addTaskWhyCommand(task: Command): void {
  task
    .command("why")
    .description("why a task waits, was lost or ended: the framework's reasons and the master's")
    .addHelpText("after", examples("bourse task why web-1a2b"))
    .argument("<task>", "id or unique prefix")
    .action(async (text: string, _options: object, command: Command) => showTaskWhy(command, text));
}

export async function showTaskWhy(command: Command, text: string): Promise<void> {
  const context = contextFor(command);
  await withClient(context, async (client) => {
    const answer = await answerFor(client, text);
    process.stdout.write(
      context.output === "table" ? render(context, answer) : renderData(context, answer),
    );
  });
}

interface Answer {
  readonly taskId: string;
  readonly statuses: readonly TaskStatus[];
  /** What the runner says of a job of its own. */
  readonly runner?: Why;
  readonly explanation?: Explanation;
}

async function answerFor(client: OperatorClient, text: string): Promise<Answer> {
  const target = await findTarget(client, text);
  const { job } = target;
  if (job === undefined) {
    const { frameworkId, taskId, statuses } = target.task;
    const subject = { kind: "task", frameworkId, taskId } as const;
    const { explanation } = await client.query({ kind: "explain", subject }, "explanation");
    return { taskId, statuses, explanation };
  }
  const runner = await whyOf(client, job.jobId);
  const { frameworkId } = await findFramework(client, RUNNER_NAME);
  const isOver = job.phase === "ended" && job.taskId === undefined;
  if (isOver) return { taskId: job.jobId, statuses: [], runner };
  const subject =
    job.taskId !== undefined && job.phase !== "waiting"
      ? ({ kind: "task", frameworkId, taskId: job.taskId } as const)
      : wantedBy(job, frameworkId);
  const explanation = await client
    .query({ kind: "explain", subject }, "explanation")
    .then((view) => view.explanation)
    .catch((thrown: unknown) => {
      if (ClusterError.from(thrown).code === "not_found") return undefined;
      throw thrown;
    });
  const statuses = job.status === undefined ? [] : [job.status];
  const answer = { taskId: job.jobId, statuses, runner };
  return explanation === undefined ? answer : { ...answer, explanation };
}

/** The runner holds the job back itself, so the master is asked what it would need. */
function wantedBy({ resources }: JobView, frameworkId: FrameworkId): ExplainSubject {
  return { kind: "framework", frameworkId, ...(resources !== undefined && { wanted: resources }) };
}

async function whyOf(client: OperatorClient, jobId: string): Promise<Why> {
  for await (const reply of client.askRunner({ kind: "why", jobId })) {
    if (reply.kind === "why") return reply;
  }
  throw new ClusterError("internal", `the runner gave no answer about ${jobId}`);
}

function render(context: Context, answer: Answer): string {
  const { bold } = context.colors;
  const lines: string[] = [];
  const phase = answer.runner?.job.phase;
  const newest = answer.statuses.at(-1);
  lines.push(`${bold(answer.taskId)} ${headline(phase, newest)}`);
  for (const status of answer.statuses) lines.push(`  ${statusLine(status)}`);
  if (answer.runner !== undefined && answer.runner.reasons.length > 0) {
    lines.push(bold("The runner did not use the newest offer of"));
    for (const { agentId, offered, reasons } of answer.runner.reasons) {
      const why = reasons.map(reasonText).join("; ");
      lines.push(`  ${agentId} (${formatResources(offered)}): ${why}`);
    }
  }
  const framework = lines.map((line) => `${printableLine(line)}\n`).join("");
  if (answer.explanation === undefined) return framework;
  return `${framework}${bold("The master says")}\n${explanationText(context, answer.explanation)}`;
}

export function headline(phase: string | undefined, newest: TaskStatus | undefined): string {
  if (phase === "waiting") return "waits for an offer that fits";
  if (phase === "backing-off") return "waits before it is started again";
  if (phase === "ended" && newest === undefined) return "was stopped before it was launched";
  if (newest === undefined) return "was launched; no status has come yet";
  return `is ${newest.state.replace("TASK_", "").toLowerCase()}`;
}

function statusLine(status: TaskStatus): string {
  const because = [status.source, status.reason, status.message].filter(
    (part) => part !== undefined,
  );
  return `${new Date(status.timestampMs).toISOString()} ${status.state} (${because.join(", ")})`;
}

/** Keeps our own colour codes, drops a peer's control characters. */
function printableLine(line: string): string {
  return line
    .split("\u001b[")
    .map((part, index) => (index === 0 ? printable(part) : `\u001b[${printable(part)}`))
    .join("");
}
