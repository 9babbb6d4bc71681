import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Peers } from "./testing/peers.ts";
import { World } from "./testing/world.ts";

/** Both frameworks and all agents. */
const CONNECT_ALL = [0, 1].flatMap((what) => [0, 1, 2].map((pick) => [what, pick] as const));
const anyActions = fc.array(fc.tuple(fc.nat({ max: Peers.ACTIONS - 1 }), fc.nat({ max: 104 })), {
  minLength: 1,
  maxLength: 120,
  size: "max",
});
/** What to do and with whom; every number means something, so that stories shrink. Most begin with everybody there. */
const anyStory = fc
  .tuple(fc.nat({ max: 3 }), anyActions)
  .map(([begin, actions]) => (begin === 0 ? actions : [...CONNECT_ALL, ...actions]));
/** RUNS=1000 for a night. */
const runs = { numRuns: Number(process.env.RUNS ?? 15) };
/** Of one property; a busy machine is slow, not wrong. */
const timeout = 60_000 + 200 * runs.numRuns;

describe("whatever agents, frameworks and operators do", { timeout }, () => {
  test("the invariants hold after every input, and nothing that was given out changes", () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        const peers = new Peers(new World());
        for (const [what, pick] of story) peers.act(what, pick);
      }),
      runs,
    );
  });

  test("a master restored from its snapshot goes on exactly like the one it was taken of", () => {
    fc.assert(
      fc.property(anyStory, fc.nat(), (story, at) => {
        const [one, two] = [new World(), new World()];
        const [mine, restored] = [new Peers(one), new Peers(two)];
        story.forEach(([what, pick], index) => {
          if (index === at % story.length) two.reload();
          mine.act(what, pick);
          restored.act(what, pick);
        });
        expect(restored.effects).toEqual(mine.effects);
        expect(two.cluster.stateHash()).toBe(one.cluster.stateHash());
      }),
      runs,
    );
  });

  test("the same inputs give the same effects and the same state", () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        const [one, two] = [new World(), new World()];
        const [mine, again] = [new Peers(one), new Peers(two)];
        for (const [what, pick] of story) mine.act(what, pick);
        for (const [what, pick] of story) again.act(what, pick);
        expect(again.effects).toEqual(mine.effects);
        expect(two.cluster.stateHash()).toBe(one.cluster.stateHash());
      }),
      runs,
    );
  });

  test("once everybody is back and every task has ended, no task, operation or resource is left", () => {
    fc.assert(
      fc.property(anyStory, fc.boolean(), (story, isRestarted) => {
        const world = new World();
        const peers = new Peers(world);
        for (const [what, pick] of story) peers.act(what, pick);
        if (isRestarted) peers.restartMaster();
        peers.settle();
        expect(peers.leftovers).toEqual([]);
        expect(peers.strangers).toEqual([]);
        expect(world.query({ kind: "operations", page: { limit: 1 } })).toMatchObject({
          operations: [],
        });
        const view = world.query({ kind: "master" });
        expect(view).toMatchObject({
          master: { counts: { tasks: 0 }, allocated: [], offered: [] },
        });
      }),
      runs,
    );
  });
});
