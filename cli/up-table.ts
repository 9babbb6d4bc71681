import type { TaskView } from "@bourse/model/operator";
import type { OperatorClient } from "./client.ts";
import type { Context } from "./context.ts";
import { age, type Column, cpusOf, memOf, portsOf, renderList } from "./output.ts";

const COLUMNS: readonly Column<TaskView>[] = [
  { title: "TASK", value: (task) => task.taskId },
  { title: "STATE", value: (task) => task.state.replace("TASK_", "").toLowerCase() },
  { title: "AGENT", value: (task) => task.agentId },
  { title: "CPUS", value: (task) => cpusOf(task.resources), align: "right" },
  { title: "MEM", value: (task) => memOf(task.resources), align: "right" },
  { title: "PORTS", value: (task) => portsOf(task.resources) },
  { title: "AGE", value: (task) => age(task.launchedAtMs, Date.now()), align: "right" },
];

const ROWS_MAX = 30;
const GATHER_MS = 200;
/** Ages go on while nothing happens; only a terminal is redrawn for that. */
const REDRAW_MS = 1_000;

/** Draws the live tasks after every change until told to stop; in place on a terminal, else one drawing a change. */
export async function showTasks(
  context: Context,
  client: OperatorClient,
  stop: AbortSignal,
): Promise<void> {
  const events = client.events({ epoch: 0, sequence: 0 });
  stop.addEventListener("abort", () => events.cancel(), { once: true });
  const screen = new Screen();
  let timer: NodeJS.Timeout | null = null;
  let isDrawing = false;
  const draw = async (): Promise<void> => {
    screen.show(renderList(context, await tasksOf(client), COLUMNS, (task) => task.taskId));
  };
  const redraw = (): void => {
    timer = null;
    if (isDrawing) return;
    isDrawing = true;
    void draw()
      .catch(() => {}) // The master may be away for a moment; the event stream says when it is over.
      .finally(() => {
        isDrawing = false;
      });
  };
  const ticker = process.stdout.isTTY === true ? setInterval(redraw, REDRAW_MS) : null;
  try {
    await draw();
    for await (const _ of events) {
      timer ??= setTimeout(redraw, GATHER_MS);
    }
  } finally {
    if (timer !== null) clearTimeout(timer);
    if (ticker !== null) clearInterval(ticker);
    events.cancel();
  }
}

async function tasksOf(client: OperatorClient): Promise<readonly TaskView[]> {
  const filter = { hasCompleted: false };
  const { tasks } = await client.query(
    { kind: "tasks", page: { limit: ROWS_MAX }, filter },
    "tasks",
  );
  return tasks;
}

/** Overwrites its last drawing on a terminal. */
class Screen {
  #lines = 0;
  #last = "";

  show(text: string): void {
    if (process.stdout.isTTY !== true) {
      if (text !== this.#last) process.stdout.write(`${text}\n`);
      this.#last = text;
      return;
    }
    const up = this.#lines === 0 ? "" : `\x1b[${this.#lines}A`;
    process.stdout.write(`${up}\x1b[0J${text}`);
    this.#lines = text.split("\n").length - 1;
  }
}
