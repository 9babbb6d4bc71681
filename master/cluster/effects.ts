import type { MasterToAgent } from "@bourse/model/agent-messages";
import type { RequestId, SessionId } from "@bourse/model/ids";
import type { OperatorEvent, OperatorReply } from "@bourse/model/operator";
import type { RegistryRecord } from "@bourse/model/registry";
import type { FrameworkEvent } from "@bourse/model/scheduler";

/**
 * What the shell must now do, in this order: persist, then send, then sleep. Immutable data that shares nothing
 * with the state of the core. Everything behind an unwritten record waits for it.
 */
export interface Effects {
  readonly persist: readonly RegistryRecord[];
  readonly send: readonly Sending[];
  /** When the core next wants a `wake`, in `monoMs`; Infinity = never. Replaces the one before. */
  readonly wakeAtMs: number;
}

export type Sending =
  | { readonly to: "framework"; readonly session: SessionId; readonly event: FrameworkEvent }
  | { readonly to: "agent"; readonly session: SessionId; readonly message: MasterToAgent }
  | { readonly to: "operator"; readonly request: RequestId; readonly reply: OperatorReply }
  | { readonly to: "events"; readonly event: OperatorEvent }
  /** Close the stream after what was sent on it; the core already counts it as closed. */
  | { readonly to: "close"; readonly session: SessionId };
