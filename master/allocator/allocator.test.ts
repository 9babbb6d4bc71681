import { Random } from "@bourse/model/random";
import { ranges, scalar } from "@bourse/model/resources";
import { expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import { ALLOCATOR_DEFAULTS } from "./options.ts";

test("what is declined comes back when its filter has ended (M-25)", () => {
  const a = new Allocator({ random: Random.fromSeed(1), config: ALLOCATOR_DEFAULTS });
  const now = { monoMs: 0, wallMs: 0 };
  const total = [
    scalar("cpus", 2000),
    scalar("mem", 1024000),
    ranges("ports", [{ begin: 1, end: 9 }]),
  ];
  a.addAgent("a1", total, []);
  expect(a.allocate(now, "changed")).toEqual([]);
  a.addFramework("f1", { roles: ["r"], suppressedRoles: [], capabilities: [] });
  const [x] = a.allocate(now, "changed");
  expect(x).toEqual({ agentId: "a1", frameworkId: "f1", role: "r", resources: total });
  a.recover(
    { ...x!, resources: [scalar("cpus", 500), ranges("ports", [{ begin: 3, end: 4 }])] },
    { kind: "terminal" },
    now,
  );
  expect(a.allocate(now, "changed")[0]!.resources).toEqual([
    scalar("cpus", 500),
    ranges("ports", [{ begin: 3, end: 4 }]),
  ]);
  a.recover({ ...x!, resources: total }, { kind: "declined", refuseMs: 5000 }, now);
  expect(a.allocate(now, "changed")).toEqual([]);
  expect(a.allocate({ monoMs: 1000, wallMs: 0 }, "all")).toEqual([]);
  expect(a.allocate({ monoMs: 5000, wallMs: 0 }, "all")).toEqual([x]);
});
