import { expect, test } from "vitest";
import { ClusterError, ERRORS, type ErrorCode } from "./errors.ts";

test("a refusal survives the trip over the wire", () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const error = new ClusterError(code, "add agent a1", { hint: "try again" });
    expect(ClusterError.of(error.toRefusal()).toRefusal()).toEqual(error.toRefusal());
    expect(error.toRefusal()).toEqual({ code, message: "add agent a1", hint: "try again" });
  }
});

test("without a hint the refusal has none, not an undefined one", () => {
  const refusal = new ClusterError("conflict", "x").toRefusal();
  expect(Object.keys(refusal)).toEqual(["code", "message"]);
  expect(Object.keys(ClusterError.of(refusal).toRefusal())).toEqual(["code", "message"]);
});

test("whatever is thrown becomes an internal error that keeps its cause", () => {
  const cause = new TypeError("x is not a function");
  const error = ClusterError.from(cause);
  expect(error).toMatchObject({ code: "internal", message: "x is not a function", cause });
  expect(ClusterError.from("plain text")).toMatchObject({ code: "internal", cause: "plain text" });
  expect(ClusterError.from(undefined).code).toBe("internal");
});

test("a coded error stays what it is", () => {
  const error = new ClusterError("not_found", "no agent a1");
  expect(ClusterError.from(error)).toBe(error);
});

test.each<[code: ErrorCode, retryable: boolean]>([
  ["invalid_call", false],
  ["framework_completed", false],
  ["stale_epoch", false],
  ["internal", false],
  ["not_leader", true],
  ["no_leader", true],
  ["recovering", true],
  ["timeout", true],
  ["stream_overflow", true],
])("%s: sending the same again helps = %s", (code, retryable) => {
  expect(new ClusterError(code, "x").retryable).toBe(retryable);
});

test("every code has a gRPC status, an HTTP status and an exit code of C-3", () => {
  for (const [code, row] of Object.entries(ERRORS)) {
    expect(row.grpc, code).toMatch(/^[A-Z_]+$/);
    expect(row.http, code).toSatisfy((http: number) => http >= 300 && http < 600);
    expect(row.exit, code).toSatisfy((exit: number) => exit >= 1 && exit <= 7);
  }
});
