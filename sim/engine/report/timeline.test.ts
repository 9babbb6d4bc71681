import type { AgentId, FrameworkId } from "@bourse/model/ids";
import { expect, test } from "vitest";
import { Timeline } from "./timeline.ts";

const CALL = { kind: "update-weights", weights: [{ role: "eng", weightMilli: 2_000 }] } as const;

test("an operation says what it does", () => {
  const timeline = new Timeline();
  timeline.operated(5, CALL);
  timeline.operated(6, {
    kind: "start-maintenance",
    machines: Array.from({ length: 7 }, (_, index) => ({ hostname: `h${index}` })),
  });
  expect(timeline.list([]).entries).toEqual([
    { atMs: 5, kind: "operation", text: "update-weights of eng (2)" },
    { atMs: 6, kind: "operation", text: "start-maintenance of h0, h1, h2, h3, h4 and 2 more" },
  ]);
});

test("an operation names agents and frameworks as people do, or by id when nobody knows them", () => {
  const names = {
    agent: (agentId: AgentId) => (agentId === "x-S3" ? "node-3" : null),
    framework: () => "shop",
  };
  const timeline = new Timeline(names);
  timeline.operated(1, { kind: "deactivate-agent", agentId: "x-S3" as AgentId });
  timeline.operated(2, { kind: "reactivate-agent", agentId: "x-S4" as AgentId });
  timeline.operated(3, { kind: "teardown-framework", frameworkId: "x-0001" as FrameworkId });
  expect(timeline.list([]).entries.map(({ text }) => text)).toEqual([
    "deactivate-agent node-3",
    "reactivate-agent x-S4",
    "teardown-framework shop",
  ]);
});

test("a fault that an operator makes is told once", () => {
  const timeline = new Timeline();
  timeline.noted(5, "an operator changes the weight of eng");
  timeline.operated(5, CALL);
  timeline.noted(7, "a-1 crashes");
  timeline.operated(7, CALL);
  expect(timeline.list([]).entries.map(({ kind }) => kind)).toEqual([
    "fault",
    "fault",
    "operation",
  ]);
});

test("of very many the first are kept, and every violation", () => {
  const timeline = new Timeline();
  for (let ms = 0; ms < 12_000; ms++) timeline.noted(ms, "again");
  const violation = { seed: "1", atMs: 11_999, check: "quota", message: "too much" };
  const { entries, leftOut } = timeline.list([violation]);
  expect(entries).toHaveLength(10_000);
  expect(leftOut).toBe(2_001);
  expect(entries.at(-1)).toMatchObject({ kind: "violation", atMs: 11_999 });
});

test("a violation of a core that threw has no time of its own and comes last", () => {
  const timeline = new Timeline();
  timeline.noted(3, "a-1 crashes");
  const violation = { seed: "1", atMs: Number.NaN, check: "crash", message: "boom" };
  expect(timeline.list([violation]).entries.at(-1)).toEqual({
    atMs: 3,
    kind: "violation",
    text: "crash: boom",
  });
});
