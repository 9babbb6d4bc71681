import type { OpenRelay, RelayFrame, RelayRequest } from "@bourse/model/relay";
import { OpenRelaySchema, RelayFrameSchema, RelayRequestSchema } from "#gen/bourse/v1/relay_pb";
import { record, union } from "../codec.ts";
import { bool, bytes, id, integer, list, nested, optional, text } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { refusal } from "./refusal.ts";

export const relayRequest = union<RelayRequest, "kind">(RelayRequestSchema, "kind", {
  logs: {
    frameworkId: id(),
    taskId: id(),
    isFollowing: bool(),
    tailLines: optional(integer()),
    hasStdout: bool(),
    hasStderr: bool(),
  },
  exec: {
    frameworkId: id(),
    taskId: id(),
    command: list(text(LIMITS.text), LIMITS.taskEntries),
    isTty: bool(),
    isInteractive: bool(),
  },
  call: { method: id(), body: bytes(LIMITS.data) },
});

export const openRelay = record<OpenRelay>(OpenRelaySchema, {
  token: id(),
  request: nested(relayRequest),
});

export const relayFrame = union<RelayFrame, "kind">(RelayFrameSchema, "kind", {
  attach: { token: id() },
  stdin: { data: bytes(LIMITS.data) },
  "stdin-end": {},
  resize: { columns: integer(), rows: integer() },
  signal: { signal: id() },
  stdout: { data: bytes(LIMITS.data) },
  stderr: { data: bytes(LIMITS.data) },
  reply: { body: bytes(LIMITS.data) },
  end: { exitCode: optional(integer(Number.MIN_SAFE_INTEGER)), refusal: optional(nested(refusal)) },
});
