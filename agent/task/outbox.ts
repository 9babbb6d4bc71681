import type { AgentToMaster } from "@bourse/model/agent-messages";
import type { SessionId } from "@bourse/model/ids";
import type { AgentAction, AgentEffects, CheckpointRecord } from "./effects.ts";

/** Gathers the effects of one input while it is being decided on. */
export class Outbox {
  // Null = empty: most inputs leave some of them so. And a list that begins with a push keeps room for sixteen more.
  #persist: CheckpointRecord[] | null = null;
  #send: { readonly session: SessionId; readonly message: AgentToMaster }[] | null = null;
  #act: AgentAction[] | null = null;

  persist(record: CheckpointRecord): void {
    if (this.#persist === null) this.#persist = [record];
    else this.#persist.push(record);
  }

  send(session: SessionId, message: AgentToMaster): void {
    if (this.#send === null) this.#send = [{ session, message }];
    else this.#send.push({ session, message });
  }

  act(action: AgentAction): void {
    if (this.#act === null) this.#act = [action];
    else this.#act.push(action);
  }

  /** Hands over what gathered and starts anew. */
  take(wakeAtMs: number): AgentEffects {
    const persist = this.#persist ?? NOTHING;
    const send = this.#send ?? NOTHING;
    const act = this.#act ?? NOTHING;
    this.#persist = null;
    this.#send = null;
    this.#act = null;
    return { persist, send, act, wakeAtMs };
  }
}

/** Shared by all effects that have none. */
const NOTHING: readonly never[] = Object.freeze([]);
