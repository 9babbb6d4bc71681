import type { SessionId } from "@bourse/model/ids";
import type { FrameworkCall } from "@bourse/model/scheduler";
import type { PolicyEvent } from "./policy.ts";
import type { SessionEffects, SessionLink, SessionRecord } from "./session-io.ts";

/** Effects while they are collected. Most inputs have few: lists that stay empty are not made anew each time. */
export class Collected<Input, Output> {
  persist: SessionRecord[] = [];
  intents: unknown[] = [];
  #send: { session: SessionId; call: FrameworkCall }[] | null = null;
  deliver: PolicyEvent<Input>[] = [];
  outputs: Output[] = [];
  link: SessionLink[] = [];

  /** A list that begins with a push keeps room for sixteen more, and most inputs send one call. */
  send(session: SessionId, call: FrameworkCall): void {
    if (this.#send === null) this.#send = [{ session, call }];
    else this.#send.push({ session, call });
  }

  /** Hands over what gathered and starts anew. */
  take(wakeAtMs: number): SessionEffects<Input, Output> {
    const { persist, intents, deliver, outputs, link } = this;
    const send = this.#send ?? NOTHING;
    if (persist.length > 0) this.persist = [];
    if (intents.length > 0) this.intents = [];
    this.#send = null;
    if (deliver.length > 0) this.deliver = [];
    if (outputs.length > 0) this.outputs = [];
    if (link.length > 0) this.link = [];
    return {
      persist: orNothing(persist),
      intents: orNothing(intents),
      send,
      deliver: orNothing(deliver),
      outputs: orNothing(outputs),
      link: orNothing(link),
      wakeAtMs,
    };
  }
}

/** What is collected next must not show in effects that were handed over. */
function orNothing<T>(list: readonly T[]): readonly T[] {
  return list.length > 0 ? list : NOTHING;
}

const NOTHING: readonly never[] = Object.freeze([]);
