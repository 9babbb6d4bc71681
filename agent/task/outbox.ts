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

  /** Hands over what gathered and starts anew. Most inputs leave some of the lists empty: those are not made anew. */
  take(wakeAtMs: number): AgentEffects {
    const persist = this.#persist;
    const send = this.#send;
    const act = this.#act;
    if (persist.length > 0) this.#persist = [];
    if (send.length > 0) this.#send = [];
    if (act.length > 0) this.#act = [];
    return {
      persist: orNothing(persist),
      send: orNothing(send),
      act: orNothing(act),
      wakeAtMs,
    };
  }
}

/** What gathers next must not show in effects that were handed over. */
function orNothing<T>(list: readonly T[]): readonly T[] {
  return list.length > 0 ? list : NOTHING;
}

const NOTHING: readonly never[] = Object.freeze([]);
