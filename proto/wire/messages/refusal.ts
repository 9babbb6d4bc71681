import { ERRORS, type ErrorCode, type Refusal } from "@bourse/model/errors";
import { RefusalSchema } from "#gen/bourse/v1/refusal_pb";
import { type FieldCodec, record } from "../codec.ts";
import { id, mapped, optional, text } from "../fields.ts";
import { LIMITS } from "../limits.ts";

/** A code that this version does not know is taken for `internal`: the message still says what happened. */
const code: FieldCodec<ErrorCode> = mapped(
  id(),
  (value: ErrorCode) => value as string,
  (value) => (Object.hasOwn(ERRORS, value) ? (value as ErrorCode) : "internal"),
);

export const refusal = record<Refusal>(RefusalSchema, {
  code,
  message: text(LIMITS.sentence),
  hint: optional(text(LIMITS.sentence)),
});
