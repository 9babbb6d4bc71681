import type { PolicyCall } from "@bourse/session/policy";

/**
 * How many offers a framework asked for and has not been made: one that revived for all of a large cluster would be
 * made an offer of every agent and decline nearly all. So it asks for as many as it can fill, again as long as that leads
 * on, and when the last ones were of no use for all there are, as one that looks for the best place does from the
 * beginning.
 */
export class OfferBound {
  /** Infinity = no bound. */
  #due = Number.POSITIVE_INFINITY;
  #wereUseless = false;

  /** Null = no bound. */
  snapshot(): number | null {
    return Number.isFinite(this.#due) ? this.#due : null;
  }

  restore(due: number | null): void {
    this.#due = due ?? Number.POSITIVE_INFINITY;
  }

  askFor(count: number): PolicyCall {
    if (this.#wereUseless) return this.askForAll();
    this.#due = count;
    return { kind: "revive", roles: [], offersMax: count };
  }

  askForAll(): PolicyCall {
    this.#wereUseless = false;
    this.#due = Number.POSITIVE_INFINITY;
    return REVIVE;
  }

  /** So many offers came, and so many of them were declined. */
  made(count: number, declined: number): void {
    this.#due = Math.max(0, this.#due - count);
    this.#wereUseless = declined === count;
  }

  /** Whether more could be filled than may still come. */
  isTooFew(count: number): boolean {
    return count > this.#due;
  }
}

const REVIVE: PolicyCall = { kind: "revive", roles: [] };
