import type { PortMapping, RunSpec } from "@bourse/model/container";
import { ranges, scalar } from "@bourse/model/resources";
import { NO_PAYLOAD } from "@bourse/model/task";
import { describe, expect, test } from "vitest";
import type { LaunchedTask } from "./inputs.ts";
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

describe("what an agent cannot run is an error that says what to do", () => {
  test("ports that the task holds are fine", () => {
    expect(validateLaunch(launched([mapping(31_000), mapping(31_001)]), "a1")).toBe(null);
  });

  test.each([0, 30_999, 31_002])(
    "host port %i, which the task does not hold, is refused",
    (port) => {
      expect(validateLaunch(launched([mapping(31_000), mapping(port)]), "a1")).toMatch(
        new RegExp(`host port ${port} is not among the task's resources`),
      );
    },
  );

  test("a task for another agent is refused", () => {
    expect(validateLaunch(launched([]), "a2")).toMatch(/meant for agent a1/);
  });

  test("a task with an executor of its own is refused", () => {
    const executor = { executorId: "e1", resources: [], payload: NO_PAYLOAD };
    expect(validateLaunch(launched([], { executor }), "a1")).toMatch(/its own executor/);
  });

  test("a payload that could not be read keeps the words of its refusal", () => {
    const { task } = launched([]);
    const refusal = { code: "invalid_call", message: "no image", hint: "name one" } as const;
    expect(validateLaunch({ task, run: { refusal } }, "a1")).toBe("no image; name one");
  });
});
