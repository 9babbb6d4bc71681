import { headlineScenario } from "@bourse/engine/scenario/headline-scenario";
import { runScenario } from "@bourse/engine/scenario/run-scenario";
import { describe, expect, test } from "vitest";
import { checkAssertions, judge, parseAssertion, resultText } from "./assertions.ts";

const report = runScenario(headlineScenario({ agents: 3, tasks: 20, seed: "1" }), {
  stopwatch: () => 0,
});

test.each<[text: string, holds: boolean]>([
  ["submitToRunning.p99<1s", true],
  ["submitToRunning.p99 < 1ms", false],
  ["latencyMs.submitToRunning.p50>=200", true], // A container takes as long to start.
  ["tasks.placed==20", true],
  ["tasks.failed!=0", false],
  ["violations==0", true],
  ["virtualMs<=2m", true],
  ["wallSeconds<1ms", true],
  ["decisions.accept.p99<100us", true],
  ["roles.load-1.longestWaitMs<5s", true],
  ["roles.load-1.meanShare>1", false],
])("%s is %s", (text, holds) => {
  expect(judge(parseAssertion(text), report).holds).toBe(holds);
});

test("of nothing there is no percentile: whatever is asked of it does not hold", () => {
  const idle = runScenario(headlineScenario({ agents: 1, tasks: 0, seed: "1" }), {
    stopwatch: () => 0,
  });
  const result = judge(parseAssertion("submitToRunning.p99<1h"), idle);
  expect(resultText(result)).toBe("submitToRunning.p99<1h does not hold: nothing was measured");
});

describe("wrong conditions are refused before anything runs", () => {
  test.each<[text: string, message: string]>([
    ["foo", "that is no condition"],
    ["", "that is no condition"],
    ["tasks.placed=3", "that is no condition"],
    ["tasks.placed<-3", "that is no condition"],
    [
      "submitToRuning.p99<1s",
      "a report has no submitToRuning.p99; did you mean submitToRunning.p99?",
    ],
    ["p99<1s", "p99 may be "],
    ["tasks.placed<1s", "tasks.placed is no time"],
  ])("%s", (text, message) => {
    const check = (): void => checkAssertions([parseAssertion(text)]);
    expect(check).toThrow(message);
    expect(check).toThrow(
      expect.objectContaining({ code: "invalid_call", hint: expect.any(String) }),
    );
  });
});
