import { expect, test } from "vitest";
import { type Attempt, type Obstacle, relax } from "./relax.ts";

const sizeOf = ({ milli }: { milli: number }) => milli / 1_000;

function short(cpusMilli: number): Obstacle {
  return {
    check: "fits",
    role: "r",
    shortfalls: [{ name: "cpus", milli: cpusMilli }],
    change: "",
    effort: 0,
    remedy: ({ names }) => `${cpusMilli / 1_000} cpus more on ${names}`,
  };
}

function filter(effort: number): Obstacle {
  return {
    check: "filter",
    role: "r",
    shortfalls: [],
    change: "",
    effort,
    remedy: () => `wait ${effort}`,
  };
}

function attempts(...list: readonly (readonly [string, ...Obstacle[]])[]): readonly Attempt[] {
  return list.map(([agentId, ...obstacles]) => ({ agentId, obstacles }));
}

function texts(...list: readonly (readonly [string, ...Obstacle[]])[]): readonly string[] {
  return relax(attempts(...list), sizeOf).map(({ text }) => text);
}

test("fewer changes come before smaller ones", () => {
  expect(texts(["a1", short(100), filter(0)], ["a2", short(3_000)])).toEqual([
    "3 cpus more on agent a2",
    "0.1 cpus more on agent a1 and wait 0",
  ]);
});

test("of agents on which the same would help, the one that misses least", () => {
  expect(texts(["a1", short(900)], ["a2", short(400)], ["a3", short(500)])).toEqual([
    "0.4 cpus more on agent a2",
  ]);
});

test("agents that miss equally much are one alternative", () => {
  const [relaxation, ...others] = relax(
    attempts(["a1", short(400)], ["a2", short(400)], ["a3", short(900)]),
    sizeOf,
  );
  expect(relaxation).toEqual({
    agentIds: ["a1", "a2"],
    changes: [{ check: "fits", role: "r", shortfalls: [{ name: "cpus", milli: 400 }] }],
    text: "0.4 cpus more on any of 2 agents (a1 or a2)",
  });
  expect(others).toEqual([]);
});

test("what adds up to the same is not the same", () => {
  const left = { ...short(400), effort: 0.3 };
  const right = { ...short(300), effort: 0.4 };
  expect(relax(attempts(["a1", left], ["a2", right]), sizeOf)[0]?.agentIds).toEqual(["a1"]);
});

test("only three of many agents are named", () => {
  const list = Array.from({ length: 9 }, (_, index) => [`a${index}`, short(100)] as const);
  expect(texts(...list)).toEqual(["0.1 cpus more on any of 9 agents (a0, a1, a2 and 6 more)"]);
});

test("a change that does not name the agents says where it would help", () => {
  expect(texts(["a1", filter(2)])).toEqual(["agent a1: wait 2"]);
});

test("nothing is to be changed when one passes, or when there is nobody", () => {
  expect(texts(["a1", short(1)], ["a2"])).toEqual([]);
  expect(texts()).toEqual([]);
});

test("at most five alternatives", () => {
  const list = Array.from(
    { length: 9 },
    (_, index) => ["a1", { ...filter(index), change: `change-${index}` }] as const,
  );
  expect(texts(...list)).toEqual(["0", "1", "2", "3", "4"].map((n) => `agent a1: wait ${n}`));
});
