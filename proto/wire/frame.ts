import type { DescMessage } from "@bufbuild/protobuf";
import { type MessageCodec, record } from "./codec.ts";
import { integer, list, nested } from "./fields.ts";
import { LIMITS } from "./limits.ts";

/**
 * What travels on a session: a batch of messages. `sequence` is that of the last message in it, counted from 1 per
 * session and direction (of the last one sent, if it is empty); `acknowledged` is the highest sequence of the other
 * side that has been dealt with, and all before it.
 */
export interface Frame<T> {
  readonly messages: readonly T[];
  readonly sequence: number;
  readonly acknowledged: number;
}

export function frameOf<T>(schema: DescMessage, message: MessageCodec<T>): MessageCodec<Frame<T>> {
  return record<Frame<T>>(schema, {
    messages: list(nested(message), LIMITS.messages),
    sequence: integer(),
    acknowledged: integer(),
  });
}
