import type { Now } from "@bourse/model/now";
import type { PolicyCall, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import type { PolicySpec } from "../scenario/scenario.ts";
import type { SimPolicy } from "../sim-framework.ts";

export type IdleSpec = Extract<PolicySpec, { kind: "idle" }>;

/** Subscribed and never interested: suppresses, or declines all that it is offered, for as long as it says. */
export class IdlePolicy implements SimPolicy {
  readonly #spec: IdleSpec;

  constructor(spec: IdleSpec) {
    this.#spec = spec;
  }

  snapshot(): null {
    return null;
  }

  apply(_now: Now, event: PolicyEvent<unknown>): PolicyCalls<unknown> {
    const { refuseMs, isSuppressed } = this.#spec;
    const calls: PolicyCall[] = [];
    if (event.kind === "subscribed" && isSuppressed) calls.push({ kind: "suppress", roles: [] });
    if (event.kind === "offers") {
      const offerIds = event.offers.map(({ offerId }) => offerId);
      calls.push({ kind: "decline", offerIds, filters: { refuseMs } });
    }
    return { calls };
  }
}
