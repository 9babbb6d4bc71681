import type { AgentToMaster } from "@bourse/model/agent-messages";
import type { SessionId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { AgentCore } from "@bourse/task/agent-core";
import type { AgentAction, AgentEffects, CheckpointRecord } from "@bourse/task/effects";
import type { AgentInput } from "@bourse/task/inputs";

/** What the loop does the effects with. */
export interface AgentShell {
  readonly now: () => Now;
  /** `onDurable` runs once these records and all before are on disk; at once when nothing waits. */
  readonly append: (records: readonly CheckpointRecord[], onDurable: () => void) => void;
  readonly send: (session: SessionId, message: AgentToMaster) => void;
  readonly act: (action: AgentAction) => void;
  /** Effects that wait for the disk, after each input. */
  readonly onBacklog?: (count: number) => void;
}

/** Node's timers hold no more; a longer wait just wakes the core early. */
const TIMER_MS_MAX = 2_147_483_647;

/**
 * The agent's loop: takes an input, lets the core decide, and brings the effects out in order - on disk, then
 * sent and done (DESIGN section 2). One input at a time; what comes meanwhile waits its turn.
 */
export class AgentLoop {
  readonly #core: AgentCore;
  readonly #shell: AgentShell;
  readonly #inputs: AgentInput[] = [];
  #isApplying = false;
  #isClosed = false;
  #backlog = 0;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(core: AgentCore, shell: AgentShell) {
    this.#core = core;
    this.#shell = shell;
  }

  /** The recovery's effects. */
  begin(): void {
    this.#bringOut(this.#core.begin(this.#shell.now()));
  }

  input(input: AgentInput): void {
    if (this.#isClosed) return;
    this.#inputs.push(input);
    if (this.#isApplying) return;
    this.#isApplying = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        this.#bringOut(this.#core.apply(this.#shell.now(), next));
      }
    } finally {
      this.#isApplying = false;
    }
  }

  /** Decides nothing more; effects that wait for the disk are not done. */
  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #bringOut(effects: AgentEffects): void {
    this.#backlog++;
    this.#shell.append(effects.persist, () => {
      this.#backlog--;
      if (this.#isClosed) return;
      for (const { session, message } of effects.send) this.#shell.send(session, message);
      for (const action of effects.act) this.#shell.act(action);
      this.#shell.onBacklog?.(this.#backlog);
    });
    this.#shell.onBacklog?.(this.#backlog);
    this.#setTimer(effects.wakeAtMs);
  }

  #setTimer(wakeAtMs: number): void {
    if (wakeAtMs === this.#wakeAtMs && this.#timer !== null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#wakeAtMs = wakeAtMs;
    if (wakeAtMs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.max(0, Math.ceil(wakeAtMs - this.#shell.now().monoMs));
    this.#timer = setTimeout(() => this.#wake(), Math.min(waitMs, TIMER_MS_MAX));
  }

  #wake(): void {
    this.#timer = null;
    this.input({ kind: "wake" });
  }
}
