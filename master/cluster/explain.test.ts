import type { Explanation } from "@bourse/model/explain";
import type { ExplainSubject } from "@bourse/model/operator";
import { parseResources } from "@bourse/model/resources-text";
import { describe, expect, test } from "vitest";
import { Script } from "./testing/script-commands.ts";
import { World } from "./testing/world.ts";

function played(...lines: readonly string[]): World {
  const world = new World();
  const script = new Script(world);
  for (const line of lines) script.run(line);
  return world;
}

function asked(world: World, subject: ExplainSubject): Explanation {
  const view = world.query({ kind: "explain", subject });
  if (view.kind !== "explanation") throw new Error(JSON.stringify(view));
  return view.explanation;
}

function refusal(world: World, subject: ExplainSubject): string {
  const view = world.query({ kind: "explain", subject });
  return view.kind === "refused" ? `${view.refusal.code}: ${view.refusal.message}` : view.kind;
}

/** Framework f1 holds an offer of all of agent S0. */
const IDLE = ["s1 register", "s2 subscribe f1 roles=eng/web"];

describe("an explanation answers in one sentence (A-1, N-01)", () => {
  test("a framework that holds offers is told that it may answer them", () => {
    const { summary } = asked(played(...IDLE), { kind: "framework", frameworkId: "f1" });
    expect(summary).toMatch(
      /^framework f1 holds 1 offer that it has not answered; none of 1 agent/,
    );
  });

  test("an agent says to how many it may go and who holds it", () => {
    const world = played(...IDLE);
    const agentId = Array.from(world.cluster.state.agents.keys()).join();
    const { summary, agents } = asked(world, { kind: "agent", agentId });
    expect(summary).toMatch(
      /can be offered to none of 1 framework: min-allocatable on 1.*1 holder: /,
    );
    expect(agents[0]?.holders).toHaveLength(1);
  });

  test("a role that nobody has is refused, one that only has a quota is explained", () => {
    const world = played(...IDLE, "operator quotas ops:cpus=/2");
    expect(refusal(world, { kind: "role", role: "nobody" })).toMatch(/not_found: role nobody/);
    expect(refusal(world, { kind: "role", role: "bad/" })).toMatch(/invalid_call: role "bad\/"/);
    expect(asked(world, { kind: "role", role: "ops" }).summary).toMatch(
      /^no framework is subscribed/,
    );
    expect(asked(world, { kind: "role", role: "eng" }).agents).toHaveLength(1);
  });

  test("a shape needs no framework, and its constraints must be valid", () => {
    const world = played("s1 register attributes=rack:r1");
    const shape = { kind: "shape", role: "new", wanted: parseResources("cpus:9") } as const;
    const { summary, relaxations } = asked(world, shape);
    expect(summary).toMatch(
      /none of 1 agent can be offered to a task of role new that needs cpus:9: fits on 1; what would help: 5 cpus more on agent /,
    );
    expect(relaxations[0]?.changes).toEqual([
      { check: "fits", role: "new", shortfalls: [{ name: "cpus", milli: 5_000 }] },
    ]);
    const selector = { type: "attribute", name: "rack" } as const;
    const wrong = [[{ selector, predicate: { type: "text-matches", pattern: "(" } as const }]];
    expect(refusal(world, { ...shape, constraints: wrong })).toMatch(
      /invalid_call: constraints: rack~\(: .*missing closing \)/,
    );
    expect(refusal(world, { ...shape, constraints: [[]] })).toMatch(/a group has no constraints/);
  });

  test("a task that the master does not know is the framework's, and there is something else to ask", () => {
    const world = played("s1 register", "s2 subscribe f1 roles=eng");
    const { summary } = asked(world, { kind: "task", frameworkId: "f1", taskId: "t9" });
    expect(summary).toMatch(
      /does not know task t9.*only the framework knows.*explain shape --role eng/,
    );
  });

  test("a task that runs has its own answer, without agents", () => {
    const world = played(...IDLE, "s2 accept O0 t1:cpus=1", "s1 update f1/t1 TASK_RUNNING uuid=u1");
    const { summary, agents } = asked(world, {
      kind: "task",
      frameworkId: "f1",
      taskId: "t1",
    });
    expect(summary).toMatch(/^task t1 is TASK_RUNNING on agent /);
    expect(agents).toEqual([]);
  });
});

test("an answer goes over the wire, however long what others said is", () => {
  const message = "x".repeat(4_096);
  const world = played(...IDLE, "s2 accept O0 t1:cpus=1");
  const task = Array.from(world.cluster.state.frameworks.get("f1")?.tasks.values() ?? [])[0];
  if (task === undefined) throw new Error("t1 must be known");
  const status = { taskId: "t1", state: "TASK_RUNNING", source: "SOURCE_EXECUTOR" } as const;
  task.statuses = [{ ...status, timestampMs: 0, message }];
  const { summary } = asked(world, { kind: "task", frameworkId: "f1", taskId: "t1" });
  expect(summary).toHaveLength(4_000);
});

describe("why an agent gives nothing is known to the cluster", () => {
  function inactive(...lines: readonly string[]): readonly (string | undefined)[] {
    const world = played("s1 register host=h1", "s2 subscribe f1", "s2 decline O0", ...lines);
    const { agents, relaxations } = asked(world, {
      kind: "framework",
      frameworkId: "f1",
    });
    const active = agents[0]?.checks.find(({ name }) => name === "agent-active");
    return [active?.detail, relaxations[0]?.text];
  }

  test("deactivated by an operator: with the command that undoes it", () => {
    const [detail, text] = inactive("operator deactivate S0");
    expect(detail).toBe("an operator deactivated the agent");
    expect(text).toMatch(/reactivate agent (\S+): `bourse agent reactivate \1`/);
  });

  test("disconnected", () => {
    const [detail, text] = inactive("s1 pong 1", "s1 close");
    expect(detail).toBe("the agent is not connected");
    expect(text).toMatch(/bring back agent /);
  });

  test("not on the whitelist", () => {
    const [detail, text] = inactive("whitelist h2");
    expect(detail).toBe("the agent is not on the master's whitelist");
    expect(text).toMatch(/put h1 on the master's whitelist/);
  });
});
