import type { AgentToMaster } from "@bourse/model/agent-messages";
import type { AgentId } from "@bourse/model/ids";
import { scalar } from "@bourse/model/resources";
import { NO_PAYLOAD } from "@bourse/model/task";

/** What an agent tells that returns with so many tasks: each with 1 KiB of command and environment. */
export function bigReregister(
  agentId: AgentId,
  taskCount: number,
): Extract<AgentToMaster, { kind: "reregister" }> {
  const payload = new Uint8Array(1_024).fill(7);
  return {
    kind: "reregister",
    operations: [],
    agentId,
    epochSeen: 0,
    info: {
      hostname: "h1",
      port: 5051,
      resources: [scalar("cpus", taskCount * 1_000), scalar("mem", taskCount * 32_000)],
      attributes: [],
      version: "test",
      payload: NO_PAYLOAD,
    },
    tasks: Array.from({ length: taskCount }, (_, index) => ({
      frameworkId: "f1",
      task: {
        taskId: `t${index}`,
        name: `t${index}`,
        agentId,
        resources: [scalar("cpus", 1_000), scalar("mem", 32_000)],
        payload,
      },
      latest: {
        taskId: `t${index}`,
        state: "TASK_RUNNING",
        source: "SOURCE_EXECUTOR",
        agentId,
        uuid: "00112233445566778899aabbccddeeff",
        timestampMs: 1_700_000_000_000,
      },
    })),
    frameworks: [
      {
        frameworkId: "f1",
        info: {
          user: "root",
          name: "f",
          roles: ["*"],
          failoverTimeoutMs: 60_000,
          isCheckpointing: true,
          capabilities: [],
          payload: NO_PAYLOAD,
        },
      },
    ],
  };
}
