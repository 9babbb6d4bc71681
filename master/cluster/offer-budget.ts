import { decide } from "./decisions.ts";
import type { ClusterState, Framework, OfferRecord, Turn } from "./state.ts";

/**
 * A framework that sits on offers until they time out gets fewer at a time (FEATURES A-6, N-02), by itself and before an
 * operator must look: half of what it held, at least one, and half again each time. With each offer that it answers in
 * time it may hold twice as many, until that is as many as it ever let time out: then there is no bound any more.
 */
export interface OfferBudget {
  /** So many offers may be out at a time. */
  readonly offersMax: number;
  /** The most that it held when offers timed out. */
  readonly heldMax: number;
}

/** Offers are about to be taken back because nobody answered them. Once for each framework, however many they are. */
export function tightenBudgets(turn: Turn, timedOut: readonly OfferRecord[]): void {
  const counts = new Map<Framework, number>();
  for (const { offer } of timedOut) {
    const framework = turn.state.frameworks.get(offer.frameworkId);
    if (framework !== undefined) counts.set(framework, (counts.get(framework) ?? 0) + 1);
  }
  for (const [framework, count] of counts) {
    const held = framework.offers.size;
    const offersMax = Math.max(1, Math.floor(held / 2));
    const heldMax = Math.max(framework.offerBudget?.heldMax ?? 0, held);
    framework.offerBudget = { offersMax, heldMax };
    const cause = `it let ${count} of its ${held} offers time out: until it answers it gets at most ${offersMax} at a time`;
    decide(turn, framework, { kind: "withheld", cause });
    spendBudget(turn.state, framework);
  }
}

/** The framework has answered an offer in time. */
export function loosenBudget(state: ClusterState, framework: Framework): void {
  if (framework.offerBudget === null) return;
  const { offersMax, heldMax } = framework.offerBudget;
  framework.offerBudget = offersMax * 2 >= heldMax ? null : { offersMax: offersMax * 2, heldMax };
  limitOffers(state, framework);
}

/** How many offers it wants from now on, until it says so again; null = as many as there are. */
export function wantOffers(
  state: ClusterState,
  framework: Framework,
  offersWanted: number | null,
): void {
  if (framework.offersWanted === null && offersWanted === null) return;
  framework.offersWanted = offersWanted;
  limitOffers(state, framework);
}

/** Tells the allocator how many more there may be, after one was taken out of the framework's hands. */
export function spendBudget(state: ClusterState, framework: Framework): void {
  if (framework.offerBudget !== null) limitOffers(state, framework);
}

/** What it may hold and what it asked for: the smaller counts. */
function limitOffers(state: ClusterState, framework: Framework): void {
  const { frameworkId, offerBudget, offersWanted, offers } = framework;
  const mayHold = offerBudget === null ? null : Math.max(0, offerBudget.offersMax - offers.size);
  const isWantSmaller = mayHold === null || (offersWanted !== null && offersWanted < mayHold);
  state.allocator.limitOffers(frameworkId, isWantSmaller ? offersWanted : mayHold);
}
