import type { Effects } from "@bourse/cluster/effects";
import type { ClusterInput } from "@bourse/cluster/inputs";
import { expect, test } from "vitest";
import { type DecidingMaster, DecisionTimes, FEW_AGENTS } from "./decision-times.ts";

const NOTHING: Effects = { persist: [], send: [], wakeAtMs: Number.POSITIVE_INFINITY };
const now = { monoMs: 0, wallMs: 0 };

type Run = { readonly agents: number; readonly takers: number };

/** A master whose allocator runs as told, and a clock that ticks once for each look at it. */
function rig() {
  let number = 0;
  let ns = 0;
  let lastRun = { number, agents: 0, takers: 0 };
  const master = {
    get cluster() {
      return { state: { allocator: { lastRun } } };
    },
  } as unknown as DecidingMaster;
  const times = new DecisionTimes(() => ns++, master);
  const decide = (kind: "batch-end" | "wake", run: Run | null): void => {
    const input: ClusterInput = { kind, principal: null };
    times.time(now, input, () => {
      if (run !== null) lastRun = { number: ++number, ...run };
      return NOTHING;
    });
  };
  return { times, decide };
}

test.each<[what: string, kind: "batch-end" | "wake", run: Run | null, one: number, all: number]>([
  ["few agents for somebody", "batch-end", { agents: FEW_AGENTS, takers: 1 }, 1, 0],
  ["more agents", "batch-end", { agents: FEW_AGENTS + 1, takers: 1 }, 0, 1],
  ["few agents that nobody wants", "batch-end", { agents: 1, takers: 0 }, 0, 0],
  ["nothing free", "batch-end", { agents: 0, takers: 1 }, 0, 0],
  ["a batch without a run", "batch-end", null, 0, 0],
  ["the periodic run, however small", "wake", { agents: 1, takers: 0 }, 0, 1],
  ["a ping or a heartbeat", "wake", null, 0, 0],
])("a run counts by what it looked at: %s", (_what, kind, run, one, all) => {
  const { times, decide } = rig();
  decide(kind, run);
  expect([times.allocateOne.count, times.allocateAll.count]).toEqual([one, all]);
  expect(times.totalNs).toBe(1);
});
