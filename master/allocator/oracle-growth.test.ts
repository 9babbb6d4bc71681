import { Random } from "@bourse/model/random";
import { scalar } from "@bourse/model/resources";
import { expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import { ALLOCATOR_DEFAULTS, type Allocation } from "./options.ts";
import { ReferenceAllocator } from "./reference-allocator.ts";

/** Random clusters are small; here every column of the fast allocator has to grow, and more than once. */
const CLIENTS = 20;
const NOW = { monoMs: 0, wallMs: 0 };

test.each([
  ["without quota", []],
  ["within quotas", ["c07", "c17/sub"]],
])(
  "twenty roles, frameworks and agents with names of their own are served alike, %s",
  (_, quotas) => {
    const config = { ...ALLOCATOR_DEFAULTS, minAllocatable: [] };
    const fast = new Allocator({ random: Random.fromSeed(3), config });
    const slow = new ReferenceAllocator({ random: Random.fromSeed(3), config });
    const both = [fast, slow];
    for (const role of quotas) {
      const guarantees = [{ name: "cpus", milli: 1_000 }];
      for (const one of both) one.updateQuota({ role, guarantees, limits: [] });
    }
    for (let index = 0; index < CLIENTS; index++) {
      const name = `c${String(index).padStart(2, "0")}`;
      // Roles of one level and of two; every fifth framework has two.
      const role = index % 3 === 2 ? `${name}/sub` : name;
      const roles = index % 5 === 4 ? [role, "c00"] : [role];
      const options = { roles, suppressedRoles: [], capabilities: [] };
      for (const one of both) {
        one.addFramework(`f-${name}`, options);
        one.updateWeight(role, 1 + (index % 4));
      }
    }
    const held: Allocation[] = [];
    for (let index = 0; index < CLIENTS; index++) {
      const total = [scalar("cpus", 1_000 + 7 * index), scalar(`own${index}`, 1_000)];
      const agent = { total, hostname: "h", attributes: [] };
      for (const one of both) one.addAgent(`a${index}`, agent, []);
      // A run in between, so that columns grow while they are in use.
      if (index % 4 === 3) held.push(...serveAlike(fast, slow));
    }
    for (const offer of held.filter((_, index) => index % 2 === 0))
      for (const one of both) one.recover(offer, { kind: "declined", refuseMs: 0 }, NOW);
    serveAlike(fast, slow);
    for (const role of quotas) expect(fast.consumedOf(role)).toEqual(slow.consumedOf(role));
  },
);

function serveAlike(fast: Allocator, slow: ReferenceAllocator): readonly Allocation[] {
  const offers = fast.allocate(NOW, "all");
  expect(offers).toEqual(slow.allocate(NOW, "all"));
  return offers;
}
