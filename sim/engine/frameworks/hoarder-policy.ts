import type { OfferId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { PolicyCall, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import type { PolicySpec } from "../scenario/scenario.ts";
import type { SimPolicy } from "../sim-framework.ts";

export type HoarderSpec = Extract<PolicySpec, { kind: "hoarder" }>;

/**
 * Holds every offer for as long as it may and launches nothing (FEATURES N-02). After its own time it declines without
 * a filter, to be offered the same again; its session or the master may take an offer away earlier.
 */
export class HoarderPolicy implements SimPolicy {
  readonly #spec: HoarderSpec;
  /** Until when it holds each offer, oldest first. */
  readonly #held = new Map<OfferId, number>();

  constructor(spec: HoarderSpec) {
    this.#spec = spec;
  }

  /** Offers do not outlive a life: there is nothing to restore. */
  snapshot(): null {
    return null;
  }

  get heldCount(): number {
    return this.#held.size;
  }

  apply({ monoMs }: Now, event: PolicyEvent<unknown>): PolicyCalls<unknown> {
    if (event.kind === "disconnected" || event.kind === "ended") this.#held.clear();
    else if (event.kind === "rescind") this.#held.delete(event.offerId);
    else if (event.kind === "offers") {
      for (const { offerId } of event.offers) this.#held.set(offerId, monoMs + this.#spec.holdMs);
    }
    const calls: PolicyCall[] = [];
    const offerIds = this.#takeDue(monoMs);
    if (offerIds.length > 0) calls.push({ kind: "decline", offerIds, filters: { refuseMs: 0 } });
    const [wakeAtMs = Number.POSITIVE_INFINITY] = this.#held.values();
    return { calls, wakeAtMs };
  }

  #takeDue(nowMs: number): OfferId[] {
    const due: OfferId[] = [];
    for (const [offerId, untilMs] of this.#held) {
      if (untilMs > nowMs) break;
      due.push(offerId);
      this.#held.delete(offerId);
    }
    return due;
  }
}
