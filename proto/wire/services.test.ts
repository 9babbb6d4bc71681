import type { MasterToAgent } from "@bourse/model/agent-messages";
import { ClusterError } from "@bourse/model/errors";
import { scalar } from "@bourse/model/resources";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { NO_PAYLOAD } from "@bourse/model/task";
import { expect, test } from "vitest";
import { agentGatewayService, isMalformed, schedulerService } from "./services.ts";

const accept: FrameworkCall = {
  kind: "accept",
  offerIds: ["o1"],
  operations: [
    {
      kind: "launch",
      tasks: [
        {
          taskId: "t1",
          name: "",
          agentId: "a1",
          resources: [scalar("cpus", 1500), scalar("mem", 0xffff_ffff_ffff)],
          payload: new Uint8Array([1, 2, 3]),
        },
      ],
    },
  ],
  filters: {},
};

test("a frame comes out as it went in", () => {
  const { requestSerialize, requestDeserialize } = schedulerService.session;
  const frame = { messages: [accept, { kind: "teardown" } as const], sequence: 7, acknowledged: 0 };
  expect(requestDeserialize(requestSerialize(frame))).toEqual(frame);
});

test("methods have the paths of the .proto files", () => {
  expect(schedulerService.session.path).toBe("/bourse.v1.Scheduler/Session");
  expect(agentGatewayService.session).toMatchObject({ requestStream: true, responseStream: true });
});

test("a malformed request is handed over as an error that names the field, a response throws it", () => {
  const nameless: MasterToAgent = { kind: "shutdown-framework", frameworkId: "" };
  const frame = { messages: [nameless], sequence: 1, acknowledged: 0 };
  const bytes = agentGatewayService.session.responseSerialize(frame);
  expect(() => agentGatewayService.session.responseDeserialize(bytes)).toThrow(
    "ShutdownFramework.framework_id",
  );
  const request = schedulerService.session.requestDeserialize(Buffer.from([0x0a, 0x01]));
  expect(isMalformed(request)).toBe(true);
  expect(request).toBeInstanceOf(ClusterError);
});

test("an empty payload is the shared one", () => {
  const { requestSerialize, requestDeserialize } = schedulerService.session;
  const info = {
    user: "",
    name: "f1",
    roles: ["*"],
    failoverTimeoutMs: 0,
    isCheckpointing: false,
    capabilities: [],
    payload: NO_PAYLOAD,
  };
  const call: FrameworkCall = { kind: "subscribe", info, suppressedRoles: [], epochSeen: 0 };
  const frame = { messages: [call], sequence: 1, acknowledged: 0 };
  expect(requestDeserialize(requestSerialize(frame))).toEqual(frame);
});
