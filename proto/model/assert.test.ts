import { expect, test } from "vitest";
import { AssertionError, assert, present, unreachable } from "./assert.ts";
import { REFUSE_MS_DEFAULT, REFUSE_MS_MAX, refuseMs } from "./offer.ts";

test("a broken invariant stops with what was expected", () => {
  expect(() => assert(false, "an offer is used once")).toThrow(AssertionError);
  expect(() => assert(true, "")).not.toThrow();
  expect(() => present(undefined, "agent a1")).toThrow("agent a1 must exist");
  expect(() => present(null, "agent a1")).toThrow("agent a1 must exist");
  expect(present(0, "a count")).toBe(0);
  expect(() => unreachable({ kind: "x" } as never)).toThrow('unexpected variant {"kind":"x"}');
});

test.each<[asked: number | undefined, ms: number]>([
  [undefined, REFUSE_MS_DEFAULT],
  [-1, REFUSE_MS_DEFAULT],
  [0, 0],
  [1, 1],
  [REFUSE_MS_MAX + 1, REFUSE_MS_MAX],
])("refuse for %s ms means %i ms (M-25)", (asked, ms) => {
  expect(refuseMs(asked === undefined ? {} : { refuseMs: asked })).toBe(ms);
});
