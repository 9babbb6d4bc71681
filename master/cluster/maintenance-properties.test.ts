import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Effects } from "./effects.ts";
import { scheduleOf } from "./testing/maintenance-words.ts";
import { Peers } from "./testing/peers.ts";
import { type TestInput, World } from "./testing/world.ts";

/** What to do and with whom, and what happens to the machines; every number means something, so that stories shrink. */
const anyStory = fc.array(
  fc.tuple(fc.nat({ max: Peers.ACTIONS - 1 }), fc.nat({ max: 104 }), fc.nat({ max: 12 })),
  { minLength: 1, maxLength: 80, size: "max" },
);
/** RUNS=1000 for a night. */
const runs = { numRuns: Number(process.env.RUNS ?? 30) };
/** Of one property; a busy machine is slow, not wrong. */
const timeout = 60_000 + 200 * runs.numRuns;

/** A world whose operator schedules maintenance, and whose frameworks answer every other inverse offer. */
class MaintainedWorld extends World {
  readonly #open: { readonly session: number; readonly inverseOfferId: string }[] = [];
  asked = 0;
  #next = 0;

  /** What the operator does before the next input. */
  plan(what: number): void {
    this.#next = what;
  }

  override apply(input: TestInput): Effects[] {
    const what = this.#next;
    this.#next = 0;
    return [...this.#maintain(what), ...super.apply(input)];
  }

  override applyOne(input: TestInput): Effects {
    const effects = super.applyOne(input);
    for (const sending of effects.send) {
      if (sending.to !== "framework" || sending.event.kind !== "inverse-offers") continue;
      for (const { inverseOfferId } of sending.event.inverseOffers)
        this.#open.push({ session: sending.session, inverseOfferId });
      this.asked += sending.event.inverseOffers.length;
    }
    return effects;
  }

  #maintain(what: number): Effects[] {
    const schedules = ["host@600", "HOST@600+60", "other@600", "other@600 host@900", ""];
    const words = schedules[what - 1];
    if (words !== undefined) {
      const windows = scheduleOf(words.split(" "));
      const call = { kind: "update-maintenance-schedule", windows } as const;
      return super.apply({ kind: "operator-call", request: 9, call });
    }
    const machines = [{ hostname: what % 2 === 0 ? "Other" : "other" }];
    if (what === 6 || what === 7)
      return super.apply({
        kind: "operator-call",
        request: 9,
        call: { kind: what === 6 ? "start-maintenance" : "stop-maintenance", machines },
      });
    const first = what > 9 ? this.#open.shift() : undefined;
    if (first === undefined || !this.cluster.state.sessions.has(first.session)) return [];
    const { session, inverseOfferId } = first;
    const answer = {
      kind: what % 2 === 0 ? "accept-inverse" : "decline-inverse",
      inverseOfferIds: [inverseOfferId],
      filters: { refuseMs: 2000 },
    } as const;
    return super.apply({ kind: "framework-call", session, call: answer });
  }
}

describe("whatever is scheduled while agents, frameworks and operators do what they do", {
  timeout,
}, () => {
  test("the invariants hold after every input", () => {
    let asked = 0;
    fc.assert(
      fc.property(anyStory, (story) => {
        const world = new MaintainedWorld();
        const peers = new Peers(world);
        for (const [what, pick, maintenance] of story) {
          world.plan(maintenance);
          peers.act(what, pick);
        }
        asked += world.asked;
      }),
      runs,
    );
    expect(asked).toBeGreaterThan(0);
  });

  test("a master restored from its snapshot goes on exactly like the one it was taken of", () => {
    fc.assert(
      fc.property(anyStory, fc.nat(), (story, at) => {
        const [one, two] = [new MaintainedWorld(), new MaintainedWorld()];
        const [mine, restored] = [new Peers(one), new Peers(two)];
        story.forEach(([what, pick, maintenance], index) => {
          if (index === at % story.length) two.reload();
          one.plan(maintenance);
          two.plan(maintenance);
          mine.act(what, pick);
          restored.act(what, pick);
        });
        expect(restored.effects).toEqual(mine.effects);
        expect(two.cluster.stateHash()).toBe(one.cluster.stateHash());
      }),
      runs,
    );
  });
});
