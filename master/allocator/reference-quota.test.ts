import type { Quota } from "@bourse/model/quota";
import { scalar } from "@bourse/model/resources";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ReferenceAgent } from "./reference-checks.ts";
import { ReferenceQuota } from "./reference-quota.ts";

/** How much a role may get by the rules of Mesos, which knows quota at the top level only (hierarchical.cpp). */
function boundOfMesos(role: FlatRole, available: number, required: number, free: number): number {
  const unsatisfied = Math.max(0, role.guarantee - role.consumed);
  const surplus = required === 0 ? Number.POSITIVE_INFINITY : Math.max(0, available - required);
  const room = (role.limit ?? Number.POSITIVE_INFINITY) - role.consumed;
  // The first stage gives the guaranteed part unconditionally, and more within the limit and the headroom.
  const guaranteed = Math.min(free, unsatisfied);
  const additional = Math.min(free - guaranteed, Math.max(0, room - guaranteed), surplus);
  return guaranteed + additional;
}

interface FlatRole {
  readonly guarantee: number;
  readonly limit: number | undefined;
  readonly consumed: number;
}

const anyRole: fc.Arbitrary<FlatRole> = fc
  .record({
    guarantee: fc.nat(6),
    extra: fc.option(fc.nat(4), { nil: undefined }),
    consumed: fc.nat(8),
  })
  .map(({ guarantee, extra, consumed }) => ({
    guarantee,
    limit: extra === undefined ? undefined : guarantee + extra,
    consumed,
  }));

test("for roles at the top alone the rule of the tree is the rule of Mesos", () => {
  fc.assert(
    fc.property(
      fc.array(anyRole, { minLength: 1, maxLength: 4 }),
      fc.nat(10),
      fc.nat(10),
      (roles, free, freeElsewhere) => {
        const quotas = roles.map(({ guarantee, limit }, index) => ({
          role: `r${index}`,
          guarantees: [{ name: "cpus", milli: guarantee }],
          limits: limit === undefined ? [] : [{ name: "cpus", milli: limit }],
        }));
        const quota = new ReferenceQuota(quotas, [agent(free, roles), agent(freeElsewhere, [])]);
        const required = roles.reduce(
          (sum, role) => sum + Math.max(0, role.guarantee - role.consumed),
          0,
        );
        roles.forEach((role, index) => {
          const bound = Math.min(free, quota.boundOf(`r${index}`, "cpus"));
          expect(bound).toBe(boundOfMesos(role, free + freeElsewhere, required, free));
        });
      },
    ),
    { numRuns: 300 },
  );
});

test.each<[role: string, bound: number, because: string]>([
  ["a", 3, "of its limit of 10 others below it consume 4 and a/x is promised 3"],
  ["a/x", 5, "it lacks 3 and a has 4 left, but a/x itself may have no more than 5"],
  ["a/y", 3, "what a/x is promised is kept below a too"],
  ["c", 5, "5 of the 10 that are free are promised: 4 to a, 3 of them to a/x, and 1 to b"],
])("%s may get %i: %s", (role, bound) => {
  const bounds = (name: string, guarantee: number, limit: number): Quota => ({
    role: name,
    guarantees: [{ name: "cpus", milli: guarantee }],
    limits: [{ name: "cpus", milli: limit }],
  });
  const quotas = [bounds("a", 8, 10), bounds("a/x", 3, 5), bounds("b", 1, 9)];
  const held = { frameworkId: "f", role: "a/y", own: [scalar("cpus", 4)], copies: [] };
  const one = agent(10, []);
  one.options = { ...one.options, total: [scalar("cpus", 14)] };
  one.held = [held];
  expect(new ReferenceQuota(quotas, [one]).boundOf(role, "cpus")).toBe(bound);
});

/** One agent with so much free, of which the roles r0, r1.. hold what they consume. */
function agent(free: number, roles: readonly FlatRole[]): ReferenceAgent {
  const consumed = roles.reduce((sum, role) => sum + role.consumed, 0);
  return {
    agentId: `a${free}-${roles.length}`,
    isActive: true,
    options: { total: [scalar("cpus", free + consumed)], hostname: "h", attributes: [] },
    held: roles.map((role, index) => ({
      frameworkId: "f",
      role: `r${index}`,
      own: [scalar("cpus", role.consumed)],
      copies: [],
    })),
  };
}
