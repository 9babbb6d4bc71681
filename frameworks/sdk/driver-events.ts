import type { PolicyEvent } from "@bourse/session/policy";
import type { LiveOffer } from "./live-offer.ts";

/** What happens to a framework, as its handlers see it. Switch over `kind`: the compiler lists what is missing. */
export type DriverEvent =
  | Exclude<PolicyEvent, { kind: "offers" | "wake" | "input" }>
  | { readonly kind: "offers"; readonly offers: readonly LiveOffer[] };

export type DriverEventOf<Kind extends DriverEvent["kind"]> = Extract<DriverEvent, { kind: Kind }>;

/** Resolves when the event has been dealt with: an update is acknowledged after that, offers are declined. */
export type DriverHandler<Kind extends DriverEvent["kind"]> = (
  event: DriverEventOf<Kind>,
) => void | Promise<void>;
