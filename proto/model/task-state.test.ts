import { expect, test } from "vitest";
import {
  isTerminal,
  mayMove,
  releasesResources,
  stateFor,
  TASK_STATES,
  type TaskState,
} from "./task-state.ts";

/** Every state: is it the end, does it free resources, what an old framework is told (M-39, M-40). */
const STATES: Readonly<Record<TaskState, [isEnd: boolean, frees: boolean, told: TaskState]>> = {
  TASK_STAGING: [false, false, "TASK_STAGING"],
  TASK_STARTING: [false, false, "TASK_STARTING"],
  TASK_RUNNING: [false, false, "TASK_RUNNING"],
  TASK_KILLING: [false, false, "TASK_KILLING"],
  TASK_FINISHED: [true, true, "TASK_FINISHED"],
  TASK_FAILED: [true, true, "TASK_FAILED"],
  TASK_KILLED: [true, true, "TASK_KILLED"],
  TASK_ERROR: [true, true, "TASK_ERROR"],
  TASK_LOST: [false, true, "TASK_LOST"],
  TASK_DROPPED: [true, true, "TASK_LOST"],
  TASK_UNREACHABLE: [false, false, "TASK_LOST"],
  TASK_GONE: [true, true, "TASK_LOST"],
  TASK_GONE_BY_OPERATOR: [false, false, "TASK_LOST"],
  TASK_UNKNOWN: [false, false, "TASK_LOST"],
};

test.each(TASK_STATES)("%s", (state) => {
  const [isEnd, frees, told] = STATES[state];
  expect(isTerminal(state)).toBe(isEnd);
  expect(releasesResources(state)).toBe(frees);
  expect(stateFor(state, false)).toBe(told);
  expect(stateFor(state, true)).toBe(state);
});

const ALIVE: readonly TaskState[] = [
  "TASK_STAGING",
  "TASK_STARTING",
  "TASK_RUNNING",
  "TASK_KILLING",
];
const MAY_RETURN: readonly TaskState[] = [
  "TASK_LOST",
  "TASK_UNREACHABLE",
  "TASK_GONE_BY_OPERATOR",
  "TASK_UNKNOWN",
];
const ENDS = TASK_STATES.filter((state) => STATES[state][0]);

test.each(ENDS.flatMap((from) => TASK_STATES.map((to) => [from, to] as const)))(
  "%s -> %s is no move: it has ended",
  (from, to) => expect(mayMove(from, to)).toBe(false),
);

test.each(ALIVE.flatMap((from) => ENDS.map((to) => [from, to] as const)))(
  "%s -> %s is a move: it may end at any time",
  (from, to) => expect(mayMove(from, to)).toBe(true),
);

test.each(ALIVE.flatMap((from, i) => ALIVE.map((to, j) => [from, to, j >= i] as const)))(
  "%s -> %s is %s: never back, again is fine (a health check tells)",
  (from, to, isMove) => expect(mayMove(from, to)).toBe(isMove),
);

test.each(
  [...ALIVE, ...MAY_RETURN].flatMap((other) => MAY_RETURN.map((state) => [state, other] as const)),
)("%s -> %s and back are moves: an agent may be lost and return", (state, other) => {
  expect(mayMove(state, other)).toBe(true);
  expect(mayMove(other, state)).toBe(true);
});
