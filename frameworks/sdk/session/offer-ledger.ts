import type { AgentId, OfferId } from "@bourse/model/ids";
import type { Offer } from "@bourse/model/offer";

interface HeldOffer {
  readonly agentId: AgentId;
  readonly deadlineMs: number;
}

export interface OfferLedgerSnapshot {
  readonly held: readonly (readonly [OfferId, HeldOffer])[];
  readonly dueAtMs: number;
}

/** The offers that the framework holds, each with the time by which it must have been answered (FEATURES K-3, N-02). */
export class OfferLedger {
  readonly #held = new Map<OfferId, HeldOffer>();
  /** Not later than the first deadline; exact after `takeExpired`, so that an answer costs no search. */
  #dueAtMs = Number.POSITIVE_INFINITY;

  static restore(snapshot: OfferLedgerSnapshot): OfferLedger {
    const ledger = new OfferLedger();
    for (const [offerId, offer] of snapshot.held) ledger.#held.set(offerId, offer);
    ledger.#dueAtMs = snapshot.dueAtMs;
    return ledger;
  }

  snapshot(): OfferLedgerSnapshot {
    return { held: Array.from(this.#held), dueAtMs: this.#dueAtMs };
  }

  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  get size(): number {
    return this.#held.size;
  }

  /** The master may rescind earlier than the framework's own deadline: then its time counts. */
  add(nowMs: number, offer: Offer, deadlineMs: number): void {
    const untilMs = nowMs + Math.min(deadlineMs, offer.timeoutMs ?? Number.POSITIVE_INFINITY);
    this.#held.set(offer.offerId, { agentId: offer.agentId, deadlineMs: untilMs });
    if (untilMs < this.#dueAtMs) this.#dueAtMs = untilMs;
  }

  has(offerId: OfferId): boolean {
    return this.#held.has(offerId);
  }

  agentOf(offerId: OfferId): AgentId | undefined {
    return this.#held.get(offerId)?.agentId;
  }

  /** Whether it was held until now. */
  remove(offerId: OfferId): boolean {
    const wasHeld = this.#held.delete(offerId);
    if (this.#held.size === 0) this.#dueAtMs = Number.POSITIVE_INFINITY;
    return wasHeld;
  }

  clear(): void {
    this.#held.clear();
    this.#dueAtMs = Number.POSITIVE_INFINITY;
  }

  /** Removes and returns those whose time is up, oldest first. */
  takeExpired(nowMs: number): OfferId[] {
    const expired: OfferId[] = [];
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    for (const [offerId, offer] of this.#held) {
      if (offer.deadlineMs <= nowMs) expired.push(offerId);
      else if (offer.deadlineMs < this.#dueAtMs) this.#dueAtMs = offer.deadlineMs;
    }
    for (const offerId of expired) this.#held.delete(offerId);
    return expired;
  }
}
