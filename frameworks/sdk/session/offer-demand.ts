import type { Now } from "@bourse/model/now";
import type { PolicyCall } from "./policy.ts";

export interface OfferDemandConfig {
  /** On average at most one revive in this time (FEATURES K-11). */
  readonly reviveIntervalMs: number;
  /** So many may come at once before that: somebody who types three commands must not wait. */
  readonly reviveBurst: number;
}

export const OFFER_DEMAND_DEFAULTS: OfferDemandConfig = { reviveIntervalMs: 5_000, reviveBurst: 5 };

export interface OfferDemandSnapshot {
  readonly isSuppressed: boolean;
  readonly isReviveOwed: boolean;
  readonly isStateUnsure: boolean;
  readonly paidUntilMs: number;
}

/**
 * Asks for offers only while there is work (FEATURES K-11): suppresses when there is none, revives on new work, which
 * also clears the filters of earlier declines, and never more often than its budget allows.
 */
export class OfferDemand {
  readonly #config: OfferDemandConfig;
  #isSuppressed = false;
  #isReviveOwed = false;
  /** A new session may have forgotten the suppression. */
  #isStateUnsure = false;
  /** Each revive pays for one interval more; more than the burst ahead of now = wait. */
  #paidUntilMs = Number.NEGATIVE_INFINITY;

  constructor(config: OfferDemandConfig) {
    this.#config = config;
  }

  static restore(config: OfferDemandConfig, snapshot: OfferDemandSnapshot): OfferDemand {
    const demand = new OfferDemand(config);
    demand.#isSuppressed = snapshot.isSuppressed;
    demand.#isReviveOwed = snapshot.isReviveOwed;
    demand.#isStateUnsure = snapshot.isStateUnsure;
    demand.#paidUntilMs = snapshot.paidUntilMs;
    return demand;
  }

  snapshot(): OfferDemandSnapshot {
    return {
      isSuppressed: this.#isSuppressed,
      isReviveOwed: this.#isReviveOwed,
      isStateUnsure: this.#isStateUnsure,
      paidUntilMs: this.#paidUntilMs,
    };
  }

  get isSuppressed(): boolean {
    return this.#isSuppressed;
  }

  /** When an owed revive may be sent; Infinity when none is. */
  get wakeAtMs(): number {
    return this.#isReviveOwed ? this.#allowedAtMs : Number.POSITIVE_INFINITY;
  }

  /** `isNew`: work came that earlier offers were not measured against. Call it after every event. */
  update(now: Now, want: { readonly isWanted: boolean; readonly isNew: boolean }): PolicyCall[] {
    if (!want.isWanted) {
      this.#isReviveOwed = false;
      if (this.#isSuppressed && !this.#isStateUnsure) return [];
      this.#isSuppressed = true;
      this.#isStateUnsure = false;
      return [{ kind: "suppress", roles: [] }];
    }
    if (want.isNew || this.#isSuppressed) this.#isReviveOwed = true;
    if (!this.#isReviveOwed || now.monoMs < this.#allowedAtMs) return [];
    this.#isReviveOwed = false;
    this.#isSuppressed = false;
    this.#paidUntilMs = Math.max(this.#paidUntilMs, now.monoMs) + this.#config.reviveIntervalMs;
    return [{ kind: "revive", roles: [] }];
  }

  /** Subscribed again, perhaps from a new process: a suppression is stated once more. */
  subscribed(): void {
    this.#isStateUnsure = true;
  }

  get #allowedAtMs(): number {
    return this.#paidUntilMs - this.#config.reviveIntervalMs * (this.#config.reviveBurst - 1);
  }
}
