import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameworkInfoSchema } from "#gen/mesos/v1/framework_pb";
import { composeFrameworkInfo, encodeFrameworkPayload, splitFrameworkInfo } from "./framework.ts";
import { anyFramework } from "./testdata/any-mesos.ts";

test("splitting and composing is the identity on any framework", () => {
  fc.assert(
    fc.property(anyFramework, (info) => {
      expect(splitFrameworkInfo(composeFrameworkInfo(info))).toEqual({ info });
      expect(splitFrameworkInfo(composeFrameworkInfo(info, "f1"))).toEqual({
        frameworkId: "f1",
        info,
      });
    }),
  );
});

test("a role named __proto__ is refused, because a generated map would lose it", () => {
  const minAllocatable = new Map([["__proto__", []]]);
  const { info } = splitFrameworkInfo(split({ user: "u", name: "n" }));
  expect(() => composeFrameworkInfo({ ...info, minAllocatable })).toThrow(/__proto__/);
});

test("labels travel in the payload", () => {
  const payload = encodeFrameworkPayload({ a: "b" });
  const { info } = splitFrameworkInfo(split({ user: "u", name: "n" }));
  const whole = fromBinary(FrameworkInfoSchema, composeFrameworkInfo({ ...info, payload }));
  expect(whole.labels?.labels).toMatchObject([{ key: "a", value: "b" }]);
});

test("an empty id is a new framework (MESOS-V1, JSON in), and no role is the default one", () => {
  const { frameworkId, info } = splitFrameworkInfo(
    split({ user: "u", name: "n", id: { value: "" } }),
  );
  expect(frameworkId).toBeUndefined();
  expect(info.roles).toEqual(["*"]);
});

test.each<[field: string, init: MessageInitShape<typeof FrameworkInfoSchema>]>([
  ["framework_info.roles", { user: "u", name: "n", roles: ["r"] }],
  ["framework_info.role is", { user: "u", name: "n", role: "r", capabilities: [{ type: 6 }] }],
  ["framework_info.failover_timeout", { user: "u", name: "n", failoverTimeout: -1 }],
  [
    "framework_info.failover_timeout",
    { user: "u", name: "n", failoverTimeout: Number.POSITIVE_INFINITY },
  ],
])("%s ... is refused where it cannot be", (field, init) => {
  expect(() => splitFrameworkInfo(split(init))).toThrow(field);
});

test("user and name are required", () => {
  expect(() => splitFrameworkInfo(new Uint8Array())).toThrow("framework_info.user");
});

function split(init: MessageInitShape<typeof FrameworkInfoSchema>): Uint8Array {
  return toBinary(FrameworkInfoSchema, create(FrameworkInfoSchema, init));
}
