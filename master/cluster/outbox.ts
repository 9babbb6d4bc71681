import type { MasterToAgent } from "@bourse/model/agent-messages";
import type { Refusal } from "@bourse/model/errors";
import type { RequestId, SessionId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { OperatorChange, OperatorReply } from "@bourse/model/operator";
import type { RegistryRecord } from "@bourse/model/registry";
import type { FrameworkEvent } from "@bourse/model/scheduler";
import type { Effects, Sending } from "./effects.ts";
import type { Counters, Framework } from "./state.ts";

/** The effects of one input, gathered in the order in which they will happen. */
export class Outbox {
  #now: Now;
  readonly #epoch: number;
  readonly #counters: Counters;
  #persist: RegistryRecord[] | null = null;
  #send: Sending[] | null = null;

  constructor(now: Now, epoch: number, counters: Counters) {
    this.#now = now;
    this.#epoch = epoch;
    this.#counters = counters;
  }

  /** The next input: one outbox serves them all, for nobody has it in hand between two. */
  begin(now: Now): this {
    this.#now = now;
    this.#persist = null;
    this.#send = null;
    return this;
  }

  persist(record: RegistryRecord): void {
    this.#persist ??= [];
    this.#persist.push(record);
  }

  toFramework(session: SessionId, event: FrameworkEvent): void {
    this.#add({ to: "framework", session, event });
  }

  /** Dropped when the framework is not connected: what must arrive is sent again by whoever owns it. */
  tell(framework: Framework, event: FrameworkEvent): void {
    if (framework.session !== null) this.toFramework(framework.session, event);
  }

  toAgent(session: SessionId, message: MasterToAgent): void {
    this.#add({ to: "agent", session, message });
  }

  reply(request: RequestId, reply: OperatorReply): void {
    this.#add({ to: "operator", request, reply });
  }

  close(session: SessionId): void {
    this.#add({ to: "close", session });
  }

  /** Ends a framework's stream with a reason. */
  refuseFramework(session: SessionId, refusal: Refusal): void {
    this.toFramework(session, { kind: "error", refusal });
    this.close(session);
  }

  /** Ends an agent's stream with a reason. */
  refuseAgent(session: SessionId, refusal: Refusal): void {
    this.toAgent(session, { kind: "error", refusal });
    this.close(session);
  }

  /** An operator event; numbered without gaps (M-76). */
  change(change: OperatorChange): void {
    const sequence = ++this.#counters.sequence;
    const { wallMs } = this.#now;
    this.#add({ to: "events", event: { epoch: this.#epoch, sequence, wallMs, change } });
  }

  finish(wakeAtMs: number): Effects {
    const persist = this.#persist ?? NOTHING;
    const send = this.#send ?? NOTHING;
    return { persist, send, wakeAtMs };
  }

  #add(sending: Sending): void {
    if (this.#send === null) this.#send = [sending];
    else this.#send.push(sending);
  }
}

/** Shared by all effects that have none: most inputs write nothing. */
const NOTHING: readonly never[] = Object.freeze([]);
