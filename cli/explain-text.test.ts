import type { AgentVerdict, Check, Explanation, RoleStanding } from "@bourse/model/explain";
import { parseResources } from "@bourse/model/resources-text";
import { describe, expect, test } from "vitest";
import { contextOf } from "./context.ts";
import { explanationText, verdictText } from "./explain-text.ts";

const CONTEXT = contextOf({ color: false });

function verdict(
  ...checks: readonly (readonly [name: string, detail?: string | undefined, role?: string])[]
): AgentVerdict {
  return {
    agentId: "a1",
    free: parseResources("cpus:2;mem:64"),
    checks: checks.map(([name, detail, role]) => ({
      name: name as Check["name"],
      isPassed: detail === undefined,
      ...(detail !== undefined && { detail }),
      ...(role !== undefined && { role }),
    })),
    holders: [],
    filters: [],
  };
}

function explanation(over: Partial<Explanation>): Explanation {
  return { summary: "so it is", roles: [], agents: [], relaxations: [], decisions: [], ...over };
}

describe("what is in the way of an agent, in one line", () => {
  test.each<[line: string, agent: AgentVerdict]>([
    ["nothing", verdict(["agent-active"], ["filter", undefined, "r"])],
    [
      "agent-active (gone); filter (refused for 1.0 s more)",
      verdict(["agent-active", "gone"], ["filter", "refused for 1.0 s more", "r"]),
    ],
    // One of several roles is enough.
    ["nothing for role s", verdict(["filter", "refused", "r"], ["filter", undefined, "s"])],
    [
      "agent-active (gone); role r: filter (refused)",
      verdict(["agent-active", "gone"], ["filter", "refused", "r"], ["filter", undefined, "s"]),
    ],
    [
      "role r: filter (refused), fits (1 cpus short); role s: capability (gpus)",
      verdict(
        ["filter", "refused", "r"],
        ["fits", "1 cpus short", "r"],
        ["capability", "gpus", "s"],
      ),
    ],
  ])("%s", (line, agent) => expect(verdictText(agent)).toBe(line));
});

test("an explanation has the answer, the roles, the agents, what would help and what happened", () => {
  const standing: RoleStanding = {
    role: "eng/web",
    isSuppressed: true,
    share: 0.25,
    position: 2,
    of: 3,
    weightMilli: 1_500,
    fairShare: 1 / 3,
    unservedForMs: 12_000,
    limits: [{ role: "eng", name: "cpus", limitMilli: 8_000, consumedMilli: 6_500 }],
  };
  const text = explanationText(
    CONTEXT,
    explanation({
      roles: [standing],
      agents: [verdict(["filter", "refused for 1.0 s more", "eng/web"])],
      relaxations: [{ agentIds: ["a1"], changes: [], text: "wait 1.0 s" }],
      decisions: [{ wallMs: 0, what: { kind: "dropped", taskId: "t1", cause: "no offer" } }],
    }),
  );
  expect(text).toBe(`so it is

ROLE      PLACE  SHARE/WEIGHT    FAIR  WEIGHT  UNSERVED  OFFERS      LIMITS
eng/web  2 of 3        25.0 %  33.3 %     1.5       12s  suppressed  6.5 of 8 cpus (of eng)

AGENT  FREE            WHAT IS IN THE WAY
a1     cpus:2; mem:64  filter (refused for 1.0 s more)

What would help, the smallest change first
  wait 1.0 s

Lately
  1970-01-01T00:00:00.000Z dropped t1: no offer
`);
});

test("frameworks are named when there are several, and a peer's control characters go nowhere", () => {
  const evil = "f\u001b[2J";
  const agents = [
    { ...verdict(["agent-active"]), frameworkId: evil },
    { ...verdict(["agent-active"]), frameworkId: "f2" },
  ];
  const text = explanationText(CONTEXT, explanation({ summary: `by ${evil}`, agents }));
  expect(text).toMatch(/AGENT +FRAMEWORK +FREE/);
  expect(text).not.toContain("\u001b");
});
