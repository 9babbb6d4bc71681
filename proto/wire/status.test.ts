import { ClusterError } from "@bourse/model/errors";
import type { TaskStatus } from "@bourse/model/task";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  composeTaskStatus,
  decodeContainerStatus,
  encodeContainerStatus,
  splitTaskStatus,
} from "./status.ts";
import { anyContainerStatus, anyStatus } from "./testdata/any-mesos.ts";

test("a container's status comes out of the payload as it went in", () => {
  fc.assert(
    fc.property(anyContainerStatus, (status) => {
      expect(decodeContainerStatus(encodeContainerStatus(status))).toEqual(status);
    }),
  );
});

test("a status without a payload says nothing about a container", () => {
  expect(decodeContainerStatus(undefined)).toBeUndefined();
});

test("splitting and composing is the identity on any status", () => {
  fc.assert(
    fc.property(anyStatus, anyContainerStatus, (status, container) => {
      const whole: TaskStatus = { ...status, payload: encodeContainerStatus(container) };
      expect(splitTaskStatus(composeTaskStatus(whole))).toEqual(whole);
      expect(splitTaskStatus(composeTaskStatus(status))).toEqual(status);
    }),
  );
});

test("a status needs a task, a state and a whole uuid", () => {
  expect(() => splitTaskStatus(new Uint8Array())).toThrow("status.task_id");
  expect(() => splitTaskStatus(new Uint8Array([0x0a, 3, 0x0a, 1, 0x74]))).toThrow("status.state");
  expect(() => splitTaskStatus(new Uint8Array([0xff]))).toThrow(ClusterError);
});
