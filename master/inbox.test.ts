import { expect, test } from "vitest";
import { Inbox, type InboxItem } from "./inbox.ts";

const LIMITS = { sourceItemsMax: 3, sourceBytesMax: 100, itemsMax: 6 };

function item(cause: string): InboxItem {
  return { kind: "input", input: { principal: null, kind: "agent-closed", session: 1, cause } };
}

function causeOf(taken: InboxItem | null): string | null {
  return taken?.kind === "input" && "cause" in taken.input ? taken.input.cause : null;
}

function takeAll(inbox: Inbox): (string | null)[] {
  const causes: (string | null)[] = [];
  for (let taken = inbox.take(); taken !== null; taken = inbox.take()) causes.push(causeOf(taken));
  return causes;
}

test("streams take turns, and each keeps its order", () => {
  const inbox = new Inbox(() => {});
  const [a, b] = [inbox.open(), inbox.open()];
  for (const cause of ["a1", "a2", "a3"]) a.push(item(cause));
  b.push(item("b1"));
  expect(causeOf(inbox.take())).toBe("a1");
  b.push(item("b2"));
  expect(takeAll(inbox)).toEqual(["b1", "a2", "b2", "a3"]);
});

test("it says once that something waits", () => {
  let calls = 0;
  const inbox = new Inbox(() => calls++);
  const a = inbox.open();
  a.push(item("a1"));
  a.push(item("a2"));
  expect(calls).toBe(1);
  takeAll(inbox);
  a.push(item("a3"));
  expect(calls).toBe(2);
});

function flow(log: string[], name: string) {
  return {
    pause: () => void log.push(`pause ${name}`),
    resume: () => void log.push(`resume ${name}`),
  };
}

test.each([
  ["too many messages", [0, 0, 0, 0]],
  ["too many bytes", [101]],
])("a stream with %s waiting is not read until they are taken", (_why, sizes) => {
  const log: string[] = [];
  const inbox = new Inbox(() => {}, LIMITS);
  const a = inbox.open(flow(log, "a"));
  for (const bytes of sizes) a.push(item("a"), bytes);
  expect(log).toEqual(["pause a"]);
  takeAll(inbox);
  expect(log).toEqual(["pause a", "resume a"]);
});

test("when all streams together hold too much, whoever sends more waits until half is taken", () => {
  const log: string[] = [];
  const inbox = new Inbox(() => {}, LIMITS);
  const names = ["a", "b", "c"];
  const sources = names.map((name) => inbox.open(flow(log, name)));
  for (const source of sources) for (const cause of ["1", "2"]) source.push(item(cause));
  expect(log).toEqual([]);
  const late = inbox.open(flow(log, "d"));
  late.push(item("1"));
  expect(log).toEqual(["pause d"]);
  for (let taken = 0; taken < 3; taken++) inbox.take();
  expect(log).toEqual(["pause d"]);
  takeAll(inbox);
  expect(log).toEqual(["pause d", "resume d"]);
});

test("a closed stream is still drained, and neither paused nor resumed", () => {
  const log: string[] = [];
  const inbox = new Inbox(() => {}, LIMITS);
  const a = inbox.open(flow(log, "a"));
  for (let count = 0; count < 4; count++) a.push(item("a"));
  a.close();
  a.push(item("last"));
  expect(takeAll(inbox).at(-1)).toBe("last");
  expect(log).toEqual(["pause a"]);
});
