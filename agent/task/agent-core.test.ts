import { add, equal, subtract } from "@bourse/model/resources";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AgentCore } from "./agent-core.ts";
import { foldCheckpoint, recordsOf } from "./checkpoint.ts";
import { ANY_AGENT, anyStart } from "./testing/builders.ts";
import { STEP_KINDS, World } from "./testing/world.ts";
import { volumeKey, volumesIn } from "./volumes.ts";

const anySteps = (kinds: readonly (typeof STEP_KINDS)[number][]) =>
  fc.array(fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat(999) }), {
    minLength: 60,
    maxLength: 150,
    size: "max",
  });
/** The ordinary more often than the rare, so that runs get somewhere. */
const ORDINARY = [
  ...STEP_KINDS,
  ...(["launch", "launch", "launch", "container", "acknowledge"] as const),
  ...(["deliver", "deliver", "deliver"] as const),
] as const;

const OPERATING = [
  ...ORDINARY,
  ...(["operate", "operate", "operate", "operate", "operate", "operate"] as const),
  ...(["operate", "operate", "deliver", "deliver", "settle-operation"] as const),
] as const;

test("crashes at any point lose no end of a task and start nothing twice (M-56, M-57, N-03)", () => {
  let endedCount = 0;
  fc.assert(
    fc.property(anySteps(ORDINARY), (steps) => {
      const world = connected();
      for (const step of steps) world.step(step);
      world.settle();
      for (const taskId of world.launched) {
        expect(world.starts.get(taskId) ?? 0).toBeLessThanOrEqual(1);
        expect(world.ended.has(taskId) || world.unwanted.has(taskId)).toBe(true);
      }
      endedCount += world.ended.size;
      expect(world.core.checkpoint().tasks).toEqual([]);
      expect(Array.from(world.containers.values()).filter(isRunning)).toEqual([]);
    }),
    { numRuns: 200 },
  );
  expect(endedCount).toBeGreaterThan(400); // The runs did something.
});

test("crashes at any point forget no operation, do none twice and lose no volume (M-17, M-57, M-68)", () => {
  let doneCount = 0;
  fc.assert(
    fc.property(anySteps(OPERATING), (steps) => {
      const world = connected();
      for (const step of steps) world.step(step);
      world.settle();
      let total = ANY_AGENT.resources;
      for (const [operationUuid, operation] of world.operations) {
        const state = stateOf(world, operationUuid);
        // An operator's, or one of a framework that is gone, is told at most once: then only its effect shows.
        const isAwaited =
          operation.operationId !== undefined && !world.unwantedOperations.has(operationUuid);
        if (isAwaited) expect(world.answered.get(operationUuid)?.state).toBe(state);
        if (state !== "OPERATION_FINISHED") continue;
        total = add(subtract(total, operation.consumed), operation.converted);
        doneCount += 1;
      }
      expect(equal(world.core.total, total)).toBe(true);
      expect([...world.volumes].sort()).toEqual(volumesIn(total).map(volumeKey).sort());
      expect(world.core.checkpoint().operations.filter(({ isPending }) => isPending)).toEqual([]);
    }),
    { numRuns: 200 },
  );
  expect(doneCount).toBeGreaterThan(400);
});

test("what is on disk is what the core knows, and compacting it changes nothing (M-57)", () => {
  fc.assert(
    fc.property(anySteps(ORDINARY), (steps) => {
      const world = connected();
      for (const step of steps) {
        world.step(step);
        const folded = foldCheckpoint(world.log);
        expect(folded).toEqual(world.core.checkpoint());
        expect(foldCheckpoint(recordsOf(world.core.checkpoint()))).toEqual(folded);
      }
    }),
    { numRuns: 100 },
  );
});

test("a core restored from its snapshot goes on with the same effects and the same hash", () => {
  fc.assert(
    fc.property(anySteps(ORDINARY), fc.nat(60), (steps, cut) => {
      const [first, second] = [connected(), connected()];
      for (const [index, step] of steps.entries()) {
        if (index === cut) second.core = AgentCore.restore(structuredClone(second.core.snapshot()));
        first.step(step);
        second.step(step);
      }
      expect(second.effects).toEqual(first.effects);
      expect(second.core.stateHash()).toBe(first.core.stateHash());
    }),
    { numRuns: 150 },
  );
});

test("an agent that crashed between two records of one append starts again", () => {
  fc.assert(
    fc.property(anySteps(ORDINARY), fc.nat(), (steps, cut) => {
      const world = connected();
      for (const step of steps) world.step(step);
      const log = world.log.slice(0, cut % (world.log.length + 1));
      const core = new AgentCore(anyStart({ checkpoint: foldCheckpoint(log), seed: "again" }));
      expect(() => core.begin({ monoMs: 0, wallMs: 0 })).not.toThrow();
    }),
    { numRuns: 100 },
  );
});

test("a message that no master would take is cut, so that its update arrives", () => {
  const world = connected();
  world.step({ kind: "launch", pick: 1 });
  const [task] = world.core.checkpoint().tasks;
  const event = { kind: "launch-failed", message: "x".repeat(100_000) } as const;
  world.apply({ kind: "container", containerId: task?.containerId ?? "", event });
  const [ended] = world.core.checkpoint().tasks;
  expect(ended?.latest.state).toBe("TASK_FAILED");
  expect(ended?.latest.message).toHaveLength(1_024);
});

/** As its record says. */
function stateOf({ log }: World, operationUuid: string): string {
  const states = log.flatMap((record) =>
    record.kind === "operation" && record.update.operationUuid === operationUuid
      ? [record.update.state]
      : [],
  );
  expect(states).toHaveLength(1);
  return states[0] ?? "";
}

/** A world whose agent is registered. */
function connected(): World {
  const world = new World();
  world.step({ kind: "link", pick: 0 });
  world.wait(1_000);
  world.step({ kind: "deliver", pick: 0 });
  return world;
}

function isRunning({ state }: { readonly state: { readonly kind: string } }): boolean {
  return state.kind === "running";
}
