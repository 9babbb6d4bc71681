import type { ContainerId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { FoundContainer } from "./inputs.ts";
import { hasRun } from "./life-cycle.ts";
import type { Outbox } from "./outbox.ts";
import { isOver, type TaskEntry } from "./task-entry.ts";
import type { Tasks } from "./tasks.ts";

/**
 * Brings the tasks that were checkpointed and the containers that were found together (FEATURES M-56, M-57,
 * N-03): what runs is adopted, what ended is reported with its exit code, what was never started is started now
 * under the same container id, what ran and has vanished has failed, and a container that no task knows is
 * listed, never reaped silently.
 */
export function recover(
  now: Now,
  tasks: Tasks,
  outbox: Outbox,
  found: readonly FoundContainer[],
): void {
  const byId = new Map(found.map((container) => [container.containerId, container]));
  for (const entry of [...tasks.store.all()]) {
    const container = byId.get(entry.containerId);
    byId.delete(entry.containerId);
    if (isOver(entry)) recoverEnded(now, tasks, outbox, entry, container);
    else if (container === undefined) recoverWithout(now, tasks, entry);
    else recoverWith(now, tasks, entry, container);
  }
  for (const [containerId, container] of byId) {
    if (container.state.kind === "exited")
      tasks.store.kept.add(now.monoMs, containerId, container.task ?? null);
    else outbox.act({ kind: "report-orphan", containerId });
  }
}

/** It still runs although its end was told (its launch was given up too early): now it must really end. */
function recoverEnded(
  now: Now,
  tasks: Tasks,
  outbox: Outbox,
  entry: TaskEntry,
  container: FoundContainer | undefined,
): void {
  if (container === undefined) return;
  const { containerId, frameworkId, task } = entry;
  if (container.state.kind === "running") outbox.act(stopNow(containerId));
  tasks.store.kept.add(now.monoMs, containerId, { frameworkId, taskId: task.taskId });
}

function recoverWithout(now: Now, tasks: Tasks, entry: TaskEntry): void {
  if (hasRun(entry.latest.state) || entry.killCause !== null) {
    tasks.end(now, entry, {
      kind: "exited",
      isOutOfMemory: false,
      message: "its container was gone when the agent came back",
    });
  } else {
    tasks.start(now, entry);
  }
}

function recoverWith(now: Now, tasks: Tasks, entry: TaskEntry, container: FoundContainer): void {
  if (container.state.kind === "exited") {
    entry.hasStarted = true; // Whether or not that could be written down.
    tasks.end(now, entry, container.state);
    return;
  }
  tasks.started(now, entry, container.state.statusPayload);
  if (entry.killCause !== null) tasks.stop(now, entry, entry.run?.killGraceMs ?? 0);
}

function stopNow(containerId: ContainerId) {
  return { kind: "stop", containerId, gracePeriodMs: 0 } as const;
}
