import type { PortMapping, RunSpec } from "@bourse/model/container";
import { ranges, scalar } from "@bourse/model/resources";
import { NO_PAYLOAD } from "@bourse/model/task";
import { describe, expect, test } from "vitest";
import type { LaunchedTask } from "./inputs.ts";
import { anyVolume } from "./testing/builders.ts";
import { validateLaunch } from "./validate-launch.ts";

function launched(portMappings: readonly PortMapping[], over: object = {}): LaunchedTask {
  const run: RunSpec = {
    command: { isShell: false, args: [], environment: [] },
    container: {
      type: "docker",
      image: "web",
      shouldPull: false,
      network: "bridge",
      portMappings,
      volumes: [],
      isPrivileged: false,
    },
    killGraceMs: 3_000,
    labels: [],
  };
  const resources = [scalar("cpus", 100), ranges("ports", [{ begin: 31_000, end: 31_001 }])];
  const task = { taskId: "t1", name: "t1", agentId: "a1", resources, payload: NO_PAYLOAD, ...over };
  return { task, run };
}

const mapping = (hostPort: number): PortMapping => ({
  hostPort,
  containerPort: 80,
  protocol: "tcp",
});

const HERE = { agentId: "a1", total: [anyVolume("eng", "v1", 100)] };

describe("what an agent cannot run is an error that says what to do", () => {
  test("ports that the task holds are fine", () => {
    expect(validateLaunch(launched([mapping(31_000), mapping(31_001)]), HERE)).toBe(null);
  });

  test.each([0, 30_999, 31_002])(
    "host port %i, which the task does not hold, is refused",
    (port) => {
      expect(validateLaunch(launched([mapping(31_000), mapping(port)]), HERE)).toMatch(
        new RegExp(`host port ${port} is not among the task's resources`),
      );
    },
  );

  test("a task on a volume that is here is fine, whatever the size; on another one it is refused", () => {
    const on = (id: string) => launched([], { resources: [anyVolume("eng", id, 60)] });
    expect(validateLaunch(on("v1"), HERE)).toBe(null);
    expect(validateLaunch(on("v2"), HERE)).toBe(
      "volume v2 of role eng is not on this agent; create it first, on a new offer",
    );
  });

  test("a task for another agent is refused", () => {
    expect(validateLaunch(launched([]), { ...HERE, agentId: "a2" })).toMatch(/meant for agent a1/);
  });

  test("a task with an executor of its own is refused", () => {
    const executor = { executorId: "e1", resources: [], payload: NO_PAYLOAD };
    expect(validateLaunch(launched([], { executor }), HERE)).toMatch(/its own executor/);
  });

  test("a payload that could not be read keeps the words of its refusal", () => {
    const { task } = launched([]);
    const refusal = { code: "invalid_call", message: "no image", hint: "name one" } as const;
    expect(validateLaunch({ task, run: { refusal } }, HERE)).toBe("no image; name one");
  });
});
