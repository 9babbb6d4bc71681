import { AgentCore } from "@bourse/task/agent-core";
import type { CheckpointRecord } from "@bourse/task/effects";
import { anyFramework, anyRun, anyStart, anyTask } from "@bourse/task/testing/builders";
import { expect, test } from "vitest";
import { AgentLoop } from "./agent-loop.ts";

/** A registered agent whose disk is as slow as the test wants. */
function slowAgent() {
  const done: string[] = [];
  const writes: { readonly records: readonly CheckpointRecord[]; readonly finish: () => void }[] =
    [];
  let monoMs = 0;
  const core = new AgentCore(anyStart());
  const loop = new AgentLoop(core, {
    now: () => ({ monoMs, wallMs: monoMs }),
    append: (records, onDurable) => {
      if (records.length === 0 && writes.length === 0) onDurable();
      else writes.push({ records, finish: onDurable });
    },
    send: (_session, message) => done.push(`send ${message.kind}`),
    act: (action) => {
      done.push(`act ${action.kind}`);
      // A shell may be told of something while it does something else.
      if (action.kind === "launch") {
        const { containerId } = action.container;
        loop.input({ kind: "container", containerId, event: { kind: "starting" } });
      }
    },
  });
  const finishWrites = (): void => {
    for (let write = writes.shift(); write !== undefined; write = writes.shift()) write.finish();
  };
  loop.begin();
  loop.input({ kind: "link-up", session: 1 });
  monoMs = 1_000;
  loop.input({ kind: "wake" });
  const answer = { agentId: "a1", epoch: 1, pingTimeoutMs: 60_000 };
  loop.input({ kind: "master", session: 1, message: { kind: "registered", ...answer } });
  finishWrites();
  done.length = 0;
  const launch = (taskId: string): void =>
    loop.input({
      kind: "launch",
      session: 1,
      framework: anyFramework("f1"),
      tasks: [{ task: anyTask(taskId), run: anyRun() }],
    });
  return { loop, done, writes, finishWrites, launch };
}

test("nothing is sent or started before its records are on disk (M-57)", () => {
  const { loop, done, finishWrites, launch } = slowAgent();
  launch("t1");
  expect(done).toEqual([]);
  finishWrites();
  expect(done).toEqual(["act launch", "send update"]);
  loop.close();
});

test("what needs no disk waits behind what does, so that effects keep their order", () => {
  const { loop, done, finishWrites, launch } = slowAgent();
  launch("t1");
  loop.input({ kind: "master", session: 1, message: { kind: "ping", sequence: 1 } });
  expect(done).toEqual([]);
  finishWrites();
  expect(done).toEqual(["act launch", "send pong", "send update"]);
  loop.close();
});

test("a loop that is closed does nothing more, also not what was waiting for the disk", () => {
  const { loop, done, finishWrites, launch } = slowAgent();
  launch("t1");
  loop.close();
  finishWrites();
  launch("t2");
  expect(done).toEqual([]);
});
