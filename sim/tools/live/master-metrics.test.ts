import { expect, test } from "vitest";
import { parseMasterMetrics } from "./master-metrics.ts";

const TEXT = `# HELP nodejs_gc_duration_seconds Garbage collection duration by kind.
# TYPE nodejs_gc_duration_seconds histogram
nodejs_gc_duration_seconds_bucket{le="0.001",kind="minor"} 3
nodejs_gc_duration_seconds_sum{kind="minor"} 0.25
nodejs_gc_duration_seconds_count{kind="minor"} 40
nodejs_gc_duration_seconds_sum{kind="major"} 0.5
nodejs_gc_duration_seconds_count{kind="major"} 2
nodejs_heap_size_used_bytes 104857600
nodejs_heap_size_used_bytes_of_something_else 7
nodejs_eventloop_lag_p99_seconds 0.0125
master_agents{condition="active"} 998
master_agents{condition="disconnected"} 2
`;

test("garbage collection is the sum of all kinds, agents are those that are active", () => {
  expect(parseMasterMetrics(TEXT)).toEqual({
    gc: { count: 42, seconds: 0.75 },
    heapMib: 100,
    loopLagP99Ms: 12.5,
    activeAgents: 998,
  });
});

test("what a master does not tell counts as 0", () => {
  expect(parseMasterMetrics("")).toEqual({
    gc: { count: 0, seconds: 0 },
    heapMib: 0,
    loopLagP99Ms: 0,
    activeAgents: 0,
  });
});
