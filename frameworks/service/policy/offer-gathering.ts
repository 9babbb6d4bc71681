import type { OfferId } from "@bourse/model/ids";
import type { Offer } from "@bourse/model/offer";

export interface OfferGatheringSnapshot {
  readonly held: readonly Offer[];
  readonly untilMs: number;
}

/** Offers that are held for a moment, so that what is placed can be spread over more agents. */
export class OfferGathering {
  readonly #gatherMs: number;
  readonly #held = new Map<OfferId, Offer>();
  #untilMs = Number.POSITIVE_INFINITY;

  constructor(gatherMs: number) {
    this.#gatherMs = gatherMs;
  }

  static restore(gatherMs: number, snapshot: OfferGatheringSnapshot): OfferGathering {
    const gathering = new OfferGathering(gatherMs);
    for (const offer of snapshot.held) gathering.#held.set(offer.offerId, offer);
    gathering.#untilMs = snapshot.untilMs;
    return gathering;
  }

  snapshot(): OfferGatheringSnapshot {
    return { held: Array.from(this.#held.values()), untilMs: this.#untilMs };
  }

  /** When what is held is used at the latest; Infinity while nothing is. */
  get untilMs(): number {
    return this.#untilMs;
  }

  add(nowMs: number, offers: readonly Offer[]): void {
    for (const offer of offers) this.#held.set(offer.offerId, offer);
    if (this.#untilMs === Number.POSITIVE_INFINITY) this.#untilMs = nowMs + this.#gatherMs;
  }

  /** Enough agents for one instance each, or the time is up. */
  isDone(nowMs: number, missing: number): boolean {
    if (nowMs >= this.#untilMs) return true;
    return new Set(Array.from(this.#held.values(), ({ agentId }) => agentId)).size >= missing;
  }

  remove(offerId: OfferId): void {
    this.#held.delete(offerId);
  }

  /** All that is held, oldest first; nothing is any more. */
  take(): readonly Offer[] {
    const offers = Array.from(this.#held.values());
    this.#held.clear();
    this.#untilMs = Number.POSITIVE_INFINITY;
    return offers;
  }
}
