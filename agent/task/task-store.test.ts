import { NO_RESOURCES } from "@bourse/model/resources";
import { NO_PAYLOAD } from "@bourse/model/task";
import { expect, test } from "vitest";
import { AGENT_CONFIG_DEFAULTS } from "./config.ts";
import { Outbox } from "./outbox.ts";
import { newEntry, type TaskEntry } from "./task-entry.ts";
import { TaskStore } from "./task-store.ts";

function store(): TaskStore {
  return new TaskStore(AGENT_CONFIG_DEFAULTS, new Outbox(), TaskStore.startFrom(null));
}

function entry(frameworkId: string, taskId: string): TaskEntry {
  const payload = NO_PAYLOAD;
  const task = { taskId, name: taskId, agentId: "a1", resources: NO_RESOURCES, payload };
  const containerId = `c-${frameworkId}-${taskId}`;
  return newEntry({ frameworkId, task, run: null, containerId, launchedAtMs: 0 });
}

test("tasks of two frameworks may have the same id, and go one by one (M-39)", () => {
  const tasks = store();
  const own = entry("f1", "t1");
  const namesake = entry("f2", "t1");
  const third = entry("f3", "t1");
  for (const task of [own, namesake, third]) tasks.add(task);
  const of = (frameworkId: string) => tasks.get({ frameworkId, taskId: "t1" });
  expect([of("f1"), of("f2"), of("f3"), of("f4")]).toEqual([own, namesake, third, undefined]);
  expect(Array.from(tasks.all())).toEqual([own, namesake, third]);
  tasks.forget(own);
  expect([of("f1"), of("f2"), of("f3")]).toEqual([undefined, namesake, third]);
  tasks.add(own);
  tasks.forget(namesake);
  expect([of("f1"), of("f2"), of("f3")]).toEqual([own, undefined, third]);
  expect(tasks.size).toBe(2);
});

test("a container that has ended says nothing more, and an agent without containers is idle", () => {
  const tasks = store();
  const task = entry("f1", "t1");
  tasks.add(task);
  expect(tasks.byContainer(task.containerId)).toBe(task);
  tasks.detach(task);
  tasks.detach(task);
  expect(tasks.byContainer(task.containerId)).toBeUndefined();
  expect(tasks.isIdle).toBe(true);
  tasks.add(entry("f1", "t2"));
  expect(tasks.isIdle).toBe(false);
});
