import type { SessionId } from "@bourse/model/ids";
import type { FrameworkCall } from "@bourse/model/scheduler";
import type { PolicyEvent } from "./policy.ts";
import type { SessionLink, SessionRecord } from "./session-io.ts";

/** Effects while they are collected. */
export interface Collected<Input, Output> {
  readonly persist: SessionRecord[];
  readonly intents: unknown[];
  readonly send: { session: SessionId; call: FrameworkCall }[];
  readonly deliver: PolicyEvent<Input>[];
  readonly outputs: Output[];
  readonly link: SessionLink[];
}

export function emptyEffects<Input, Output>(): Collected<Input, Output> {
  return { persist: [], intents: [], send: [], deliver: [], outputs: [], link: [] };
}
