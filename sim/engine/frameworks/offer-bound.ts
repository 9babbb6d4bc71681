import type { PolicyCall } from "@bourse/session/policy";

/**
 * How many offers a framework asked for and has not been made: one that revived for all of a large cluster would be
 * made an offer of every agent and decline nearly all. So it asks for as many as it can fill, and again while there is
 * plenty. When the last ones held less than half of what they could have, room is scarce, and it asks for all there are,
 * as one that looks for the best place does from the beginning: what becomes free comes by itself then.
 */
export class OfferBound {
  /** Infinity = no bound. */
  #due = Number.POSITIVE_INFINITY;
  #isScarce = false;

  /** `due`: null = no bound. */
  snapshot(): { readonly due: number | null; readonly isScarce: boolean } {
    return { due: Number.isFinite(this.#due) ? this.#due : null, isScarce: this.#isScarce };
  }

  restore({ due, isScarce }: ReturnType<OfferBound["snapshot"]>): void {
    this.#due = due ?? Number.POSITIVE_INFINITY;
    this.#isScarce = isScarce;
  }

  askFor(count: number): PolicyCall {
    if (this.#isScarce) return this.askForAll();
    this.#due = count;
    return { kind: "revive", roles: [], offersMax: count };
  }

  askForAll(): PolicyCall {
    this.#isScarce = false;
    this.#due = Number.POSITIVE_INFINITY;
    return REVIVE;
  }

  /** So many offers came, and hold so many tasks of the `tasksMax` that they could. */
  made(count: number, tasks: number, tasksMax: number): void {
    this.#due = Math.max(0, this.#due - count);
    this.#isScarce = tasks * 2 < tasksMax;
  }

  /** Whether more could be filled than may still come. */
  isTooFew(count: number): boolean {
    return count > this.#due;
  }
}

const REVIVE: PolicyCall = { kind: "revive", roles: [] };
