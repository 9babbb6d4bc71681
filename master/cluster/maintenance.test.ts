import { expect, test } from "vitest";
import { agentInfo } from "./testing/builders.ts";
import { scheduleOf } from "./testing/maintenance-words.ts";
import { World } from "./testing/world.ts";

test("of the agents that are gone the ten thousand newest are remembered", () => {
  const world = new World();
  for (let index = 0; index < 10_000; index++)
    world.registry.set(`gone-agent/g${index}`, {
      kind: "gone-agent",
      agentId: `g${index}`,
      sinceMs: index,
    });
  world.restart();
  const info = agentInfo(new Map([["host", "node1"]]));
  const message = { kind: "register", info, epochSeen: 0 } as const;
  world.apply({ kind: "agent-message", session: 1, message });
  const windows = scheduleOf(["node1@600"]);
  const machines = [{ hostname: "node1" }];
  for (const call of [
    { kind: "update-maintenance-schedule", windows },
    { kind: "start-maintenance", machines },
  ] as const)
    world.apply({ kind: "operator-call", request: 1, call });
  const gone = Array.from(world.registry.keys()).filter((key) => key.startsWith("gone-agent/"));
  expect(gone.length).toBe(10_000);
  expect(gone).not.toContain("gone-agent/g0");
  expect(gone).toContain("gone-agent/g1");
  expect(Array.from(world.cluster.state.goneAgents.keys()).at(-1)).toMatch(/-S0$/);
});
