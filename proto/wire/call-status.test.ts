import { ClusterError, ERRORS, type ErrorCode } from "@bourse/model/errors";
import { expect, test } from "vitest";
import { type CallStatus, callStatusOf, errorOfCall, type FailedCall } from "./call-status.ts";

/** As the client's library hands it over. */
function received({ details, metadata }: CallStatus): FailedCall {
  const get = (wanted: string) =>
    metadata.filter(([key]) => key === wanted).map(([, value]) => value);
  return { details, metadata: { get } };
}

test.each(Object.keys(ERRORS) as ErrorCode[])("%s arrives as it was sent", (code) => {
  const sent = new ClusterError(code, "launch t1: no", { hint: "do this" });
  expect(errorOfCall(received(callStatusOf(sent)))?.toRefusal()).toEqual(sent.toRefusal());
});

test("an error without a hint has none on the other side", () => {
  const sent = new ClusterError("not_found", "no task t1");
  expect(errorOfCall(received(callStatusOf(sent)))?.toRefusal()).toEqual(sent.toRefusal());
});

test.each([
  ["invalid_call", 3],
  ["timeout", 4],
  ["not_found", 5],
  ["forbidden", 7],
  ["stream_overflow", 8],
  ["conflict", 9],
  ["framework_failed_over", 10],
  ["unsupported", 12],
  ["internal", 13],
  ["no_leader", 14],
  ["unauthenticated", 16],
] as const)("%s is gRPC's code %i", (code, grpc) => {
  expect(callStatusOf(new ClusterError(code, "")).code).toBe(grpc);
});

test("whatever else is thrown is our own fault, with its message", () => {
  const status = callStatusOf(new TypeError("x is not a function"));
  expect(errorOfCall(received(status))?.toRefusal()).toEqual({
    code: "internal",
    message: "x is not a function",
  });
});

test("what metadata cannot carry of a hint is replaced", () => {
  const status = callStatusOf(new ClusterError("conflict", "no", { hint: "über\n5 €" }));
  expect(errorOfCall(received(status))?.hint).toBe("?ber?5 ?");
});

test.each<[how: string, failed: FailedCall]>([
  ["no metadata", { details: "connection dropped" }],
  ["no code of ours", received({ code: 14, details: "", metadata: [] })],
  [
    "a code that nobody knows",
    received({ code: 2, details: "", metadata: [["bourse-code", "x"]] }),
  ],
  [
    "a code that every object has",
    received({ code: 2, details: "", metadata: [["bourse-code", "toString"]] }),
  ],
])("a failure with %s is the transport's own", (_how, failed) => {
  expect(errorOfCall(failed)).toBeNull();
});
