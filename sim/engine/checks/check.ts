import type { Effects } from "@bourse/cluster/effects";
import type { Probe } from "../probe.ts";
import type { World } from "../world.ts";
import type { Violations } from "./violations.ts";

/**
 * One family of invariants (DESIGN section 6). Cheap ones look at what an event touched, through the hooks of a probe;
 * `sweep` looks at everything, now and then; `settle` at what must hold once messages have drained.
 */
export interface Check {
  readonly probe?: Probe;
  sweep?(): void;
  settle?(): void;
}

export type CreateCheck = (world: World, violations: Violations) => Check;

/** Hardly any decision does, and every check of offers asks. */
export function makesOffers({ send }: Effects): boolean {
  for (let index = 0; index < send.length; index++) {
    const sending = send[index];
    if (sending?.to === "framework" && sending.event.kind === "offers") return true;
  }
  return false;
}
