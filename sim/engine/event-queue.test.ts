import fc from "fast-check";
import { expect, test } from "vitest";
import { EventQueue } from "./event-queue.ts";

type Step = { readonly put: number } | "take";

const anySteps = fc.array(fc.oneof(fc.record({ put: fc.nat(6) }), fc.constant<"take">("take")), {
  maxLength: 60,
});

test("events come by time, those of one instant in the order in which they were put, whenever that was", () => {
  fc.assert(
    fc.property(anySteps, (steps: readonly Step[]) => {
      const queue = new EventQueue();
      const waiting: { readonly atMs: number; readonly index: number }[] = [];
      let taken = -1;
      for (const [index, step] of steps.entries()) {
        if (step === "take") {
          const next = waiting.sort((a, b) => a.atMs - b.atMs || a.index - b.index).shift();
          taken = -1;
          queue.take()?.run();
          expect(taken).toBe(next?.index ?? -1);
          if (next !== undefined) expect(queue.takenAtMs).toBe(next.atMs);
        } else {
          waiting.push({ atMs: step.put, index });
          queue.put(step.put, {
            run: () => {
              taken = index;
            },
          });
        }
      }
    }),
  );
});

test("nothing is taken that is later than asked for", () => {
  const queue = new EventQueue();
  queue.add(5, () => {});
  expect(queue.take(4)).toBeNull();
  expect(queue.take(5)).not.toBeNull();
  expect(queue.take(9)).toBeNull();
});
