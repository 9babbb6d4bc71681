import { ClusterError } from "@bourse/model/errors";
import type { TaskView } from "@bourse/model/operator";
import { type JobView, RUNNER_NAME } from "@bourse/model/runner";
import { TASK_STATES, type TaskState } from "@bourse/model/task-state";
import type { Command } from "commander";
import type { OperatorClient } from "./client.ts";
import { contextFor, durationMs, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { findTarget, listJobs } from "./jobs.ts";
import { findFramework, findTask } from "./lookup.ts";
import { age, type Column, cpusOf, memOf, portsOf, printObject, renderList } from "./output.ts";
import { addTaskWhyCommand } from "./task-why.ts";
import { drawOrWatch } from "./watch.ts";

const COLUMNS: readonly Column<TaskView>[] = [
  { title: "TASK", value: (task) => task.taskId },
  { title: "NAME", value: (task) => task.name },
  { title: "STATE", value: (task) => stateOf(task) },
  { title: "AGENT", value: (task) => task.agentId },
  { title: "FRAMEWORK", value: (task) => task.frameworkId },
  { title: "CPUS", value: (task) => cpusOf(task.resources), align: "right" },
  { title: "MEM", value: (task) => memOf(task.resources), align: "right" },
  { title: "PORTS", value: (task) => portsOf(task.resources) },
  {
    title: "AGE",
    value: (task) => (task.launchedAtMs === 0 ? "" : age(task.launchedAtMs, Date.now())),
    align: "right",
  },
];

interface ListOptions {
  readonly all?: boolean;
  readonly framework?: string;
  readonly state?: string;
}

export function addTaskCommands(task: Command): void {
  task
    .command("ls")
    .alias("ps")
    .description("tasks of all frameworks, and jobs of `task run` that still wait")
    .addHelpText(
      "after",
      examples("bourse task ls -w", "bourse task ls -a --framework demo --state failed"),
    )
    .option("-a, --all", "also those that ended")
    .option("--framework <framework>", "only of this framework")
    .option("--state <state>", "only in this state, e.g. running")
    .action(async (options: ListOptions, command: Command) => {
      const context = contextFor(command);
      const states = options.state === undefined ? undefined : [stateNamed(options.state)];
      await withClient(context, (client) =>
        drawOrWatch(context, client, async () => {
          const rows = await listTasks(client, options, states);
          return renderList(context, rows, COLUMNS, (row) => row.taskId);
        }),
      );
    });
  task
    .command("inspect")
    .description("all that is known of a task, with its statuses in order")
    .addHelpText("after", examples("bourse task inspect web-1a2b"))
    .argument("<task>", "id or unique prefix")
    .action(async (text: string, _options: object, command: Command) => {
      const context = contextFor(command);
      await withClient(context, async (client) => {
        const target = await findTarget(client, text);
        const job = target.job === undefined ? {} : { job: target.job };
        const taskId = target.task === undefined ? target.job.taskId : target.task.taskId;
        printObject(
          context,
          taskId === undefined ? job : { ...(await detailsOf(client, taskId)), ...job },
        );
      });
    });
  task
    .command("kill")
    .description("stop a task: SIGTERM, grace, SIGKILL; a job of `task run` is not restarted")
    .argument("<task...>", "ids or unique prefixes")
    .option("--grace <duration>", "how long to wait after SIGTERM, instead of the task's own")
    .addHelpText(
      "after",
      examples("bourse task kill web-1a2b", "bourse task kill --grace 30s web-1a2b web-3c4d"),
    )
    .action(async (texts: readonly string[], options: { grace?: string }, command: Command) => {
      const context = contextFor(command);
      const grace =
        options.grace === undefined ? {} : { gracePeriodMs: durationMs(options.grace, "--grace") };
      await withClient(context, async (client) => {
        for (const text of texts) process.stdout.write(`${await kill(client, text, grace)}\n`);
      });
    });
  addTaskWhyCommand(task);
}

/** A task with what its agent said of the container. */
async function detailsOf(client: OperatorClient, taskId: string): Promise<object> {
  const { decodeContainerStatus } = await import("@bourse/proto/wire/status");
  const found = await findTask(client, taskId);
  const statuses = found.statuses.map(({ payload, ...status }) => {
    const container = payload === undefined ? undefined : decodeContainerStatus(payload);
    return container === undefined ? status : { ...status, container };
  });
  return { ...found, statuses };
}

/** A job of the runner is killed by the runner, which would otherwise restart it. */
async function kill(
  client: OperatorClient,
  text: string,
  grace: { readonly gracePeriodMs?: number },
): Promise<string> {
  const target = await findTarget(client, text);
  if (target.job !== undefined) {
    const { jobId } = target.job;
    for await (const _ of client.askRunner({ kind: "kill", jobId, ...grace }));
    return jobId;
  }
  const { frameworkId, taskId } = target.task;
  await client.call({ kind: "kill-task", frameworkId, taskId, ...grace });
  return taskId;
}

async function listTasks(
  client: OperatorClient,
  options: ListOptions,
  states: readonly TaskState[] | undefined,
): Promise<readonly TaskView[]> {
  const framework =
    options.framework === undefined
      ? undefined
      : await findFramework(client, options.framework, true);
  const filter = {
    hasCompleted: options.all === true,
    ...(framework === undefined ? {} : { frameworkId: framework.frameworkId }),
    ...(states === undefined ? {} : { states }),
  };
  const tasks: TaskView[] = [];
  for await (const page of client.pages({ kind: "tasks", page: { limit: 1000 }, filter })) {
    tasks.push(...page.tasks);
  }
  const wantsWaiting =
    states === undefined && (framework === undefined || framework.name === RUNNER_NAME);
  if (!wantsWaiting) return tasks;
  const waiting = (await listJobs(client, false)).filter(
    (job) => job.phase === "waiting" || job.phase === "backing-off",
  );
  return [...waiting.map(waitingRow), ...tasks];
}

/** A job without a task yet, in the shape of one. */
function waitingRow(job: JobView): TaskView {
  return {
    frameworkId: RUNNER_NAME,
    taskId: job.jobId,
    name: job.name,
    agentId: "-",
    role: "*",
    state: "TASK_STAGING",
    resources: job.resources ?? [],
    statuses: [],
    launchedAtMs: job.submittedAtMs,
  };
}

function stateOf(task: TaskView): string {
  if (task.agentId === "-") return "waiting";
  const state = task.state.replace("TASK_", "").toLowerCase();
  if (task.isHealthy === undefined || state !== "running") return state;
  return `${state} (${task.isHealthy ? "healthy" : "unhealthy"})`;
}

/** `running` or `TASK_RUNNING`. */
function stateNamed(text: string): TaskState {
  const wanted = `TASK_${text
    .toUpperCase()
    .replace(/^TASK_/, "")
    .replace(/-/g, "_")}`;
  const state = TASK_STATES.find((name) => name === wanted);
  if (state === undefined) {
    throw new ClusterError("invalid_call", `--state ${text} is no task state`, {
      hint: `take one of ${TASK_STATES.map((name) => name.replace("TASK_", "").toLowerCase()).join(", ")}`,
    });
  }
  return state;
}
