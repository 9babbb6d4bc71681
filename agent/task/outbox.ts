import type { AgentToMaster } from "@bourse/model/agent-messages";
import type { SessionId } from "@bourse/model/ids";
import type { AgentAction, AgentEffects, CheckpointRecord } from "./effects.ts";

/** Gathers the effects of one input while it is being decided on. */
export class Outbox {
  #persist: CheckpointRecord[] = [];
  #send: { readonly session: SessionId; readonly message: AgentToMaster }[] = [];
  #act: AgentAction[] = [];

  persist(record: CheckpointRecord): void {
    this.#persist.push(record);
  }

  send(session: SessionId, message: AgentToMaster): void {
    this.#send.push({ session, message });
  }

  act(action: AgentAction): void {
    this.#act.push(action);
  }

  /** Hands over what gathered and starts anew. */
  take(wakeAtMs: number): AgentEffects {
    const effects = { persist: this.#persist, send: this.#send, act: this.#act, wakeAtMs };
    this.#persist = [];
    this.#send = [];
    this.#act = [];
    return effects;
  }
}
