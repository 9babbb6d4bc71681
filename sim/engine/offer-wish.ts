import type { PolicyCall } from "@bourse/session/policy";

export interface OfferWishSnapshot {
  readonly isSuppressed: boolean;
  readonly due: number;
  readonly notBeforeMs: number;
}

/**
 * Asks for as many offers as a framework can use, no more: suppressed while it has no work, otherwise revived with
 * `offersMax` (A-6, K-11). A framework that asked for all of a large cluster would be made an offer of every agent, and
 * decline nearly all. Offers that were of no use are not asked for again for a moment: a revive also clears filters.
 */
export class OfferWish {
  #isSuppressed = false;
  /** Asked for and not made yet. */
  #due = 0;
  #notBeforeMs = 0;

  static restore(snapshot: OfferWishSnapshot): OfferWish {
    const wish = new OfferWish();
    wish.#isSuppressed = snapshot.isSuppressed;
    wish.#due = snapshot.due;
    wish.#notBeforeMs = snapshot.notBeforeMs;
    return wish;
  }

  snapshot(): OfferWishSnapshot {
    return { isSuppressed: this.#isSuppressed, due: this.#due, notBeforeMs: this.#notBeforeMs };
  }

  /** A new session knows nothing of what was said before. */
  subscribed(): void {
    this.#isSuppressed = false;
    this.#due = 0;
    this.#notBeforeMs = 0;
  }

  /** There is work that earlier offers were not measured against. */
  renewed(): void {
    this.#notBeforeMs = 0;
  }

  /** Offers came; `wereUsed`: something was launched on them. */
  made(nowMs: number, count: number, wereUsed: boolean): void {
    this.#due = Math.max(0, this.#due - count);
    if (!wereUsed) this.#notBeforeMs = nowMs + PAUSE_MS;
  }

  /** What to say now that `wanted` offers could be used; null = nothing new. To be called after every event. */
  call(nowMs: number, wanted: number): PolicyCall | null {
    if (wanted === 0) {
      if (this.#isSuppressed) return null;
      this.#isSuppressed = true;
      this.#due = 0;
      return SUPPRESS;
    }
    if (wanted <= this.#due || nowMs < this.#notBeforeMs) return null;
    this.#isSuppressed = false;
    this.#due = wanted;
    return { kind: "revive", roles: [], offersMax: wanted };
  }

  /** When `call` has something to say although nothing happens; Infinity = never. */
  wakeAtMs(wanted: number): number {
    return wanted > this.#due ? this.#notBeforeMs : Number.POSITIVE_INFINITY;
  }
}

const SUPPRESS: PolicyCall = { kind: "suppress", roles: [] };

/** The master's allocation interval: more often there is nothing new to be offered. */
const PAUSE_MS = 1_000;
