import type { OperatorQuery, OperatorView, RoleView } from "@bourse/model/operator";
import { scalar } from "@bourse/model/resources";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { METRIC_ROLES_MAX, SharingMetrics } from "./sharing-metrics.ts";

const role = (name: string, differing: Partial<RoleView> = {}): RoleView => ({
  role: name,
  weightMilli: 1000,
  frameworkIds: [],
  share: 0,
  fairShare: 0,
  consumed: [],
  allocated: [],
  reserved: [],
  unservedForMs: null,
  refusals: 0,
  ...differing,
});

/** Answers with these roles, `pageSize` at a time, and with two operations. */
function source(roles: readonly RoleView[], pageSize = 1_000) {
  return async (query: OperatorQuery): Promise<OperatorView> => {
    if (query.kind === "operations") {
      const row = {
        operationUuid: "u",
        agentId: "a1",
        operation: "reserve",
        startedAtMs: 0,
      } as const;
      const state = "OPERATION_PENDING";
      return {
        kind: "operations",
        operations: [
          { ...row, state },
          { ...row, state },
        ],
      };
    }
    if (query.kind !== "roles") throw new Error(query.kind);
    const { after } = query.page;
    const from = after === undefined ? 0 : roles.findIndex((one) => one.role === after) + 1;
    const page = roles.slice(from, from + pageSize);
    const next = from + pageSize < roles.length ? page.at(-1)?.role : undefined;
    return { kind: "roles", roles: page, ...(next !== undefined && { next }) };
  };
}

async function textOf(...reads: ReturnType<typeof source>[]): Promise<string> {
  const registry = new Registry();
  const metrics = new SharingMetrics(registry);
  for (const view of reads) await metrics.read(view);
  return registry.metrics();
}

test("shares, waiting time and quota are told role by role (M-79, A-6)", async () => {
  const eng = role("eng", {
    weightMilli: 2500,
    share: 0.25,
    fairShare: 0.5,
    unservedForMs: 1500,
    refusals: 3,
    quota: {
      role: "eng",
      guarantees: [{ name: "cpus", milli: 2000 }],
      limits: [{ name: "cpus", milli: 8000 }],
    },
    consumed: [{ name: "cpus", milli: 3500 }],
    allocated: [scalar("cpus", 1000), { ...scalar("cpus", 500), isRevocable: true }],
    reserved: [scalar("disk", 64_000)],
  });
  const text = await textOf(source([eng]));
  for (const line of [
    'allocator_roles_shares_dominant{role="eng"} 0.25',
    'allocator_roles_shares_fair{role="eng"} 0.5',
    'allocator_roles_weight{role="eng"} 2.5',
    'allocator_roles_unserved_seconds{role="eng"} 1.5',
    'allocator_offer_filters_active{role="eng"} 3',
    'allocator_roles_allocated{role="eng",resource="cpus"} 1.5',
    'allocator_roles_reserved{role="eng",resource="disk"} 64',
    'allocator_quota_guarantee{role="eng",resource="cpus"} 2',
    'allocator_quota_limit{role="eng",resource="cpus"} 8',
    'allocator_quota_consumed{role="eng",resource="cpus"} 3.5',
    'master_operations{state="OPERATION_PENDING"} 2',
    'master_operations{state="OPERATION_FINISHED"} 0',
    "allocator_roles_cut 0",
  ])
    expect(text.split("\n")).toContain(line);
});

test("a role without quota has no quota series, and a role that is gone has none at all", async () => {
  const before = source([role("old", { allocated: [scalar("cpus", 1)] }), role("new")]);
  const text = await textOf(before, source([role("new")]));
  expect(text).toContain('allocator_roles_weight{role="new"} 1');
  expect(text).not.toContain('"old"');
  expect(text).not.toContain('allocator_quota_consumed{role="new"');
});

test("reading twice does not add up", async () => {
  const view = source([role("r", { allocated: [scalar("cpus", 1000)] })]);
  expect(await textOf(view, view)).toContain(
    'allocator_roles_allocated{role="r",resource="cpus"} 1\n',
  );
});

test("roles beyond the bound, by name, are not told, and that there are some is", async () => {
  const names = Array.from({ length: METRIC_ROLES_MAX + 7 }, (_, index) =>
    role(`r${String(index).padStart(5, "0")}`),
  );
  const text = await textOf(source(names));
  expect(text.match(/^allocator_roles_weight\{/gm)).toHaveLength(METRIC_ROLES_MAX);
  expect(text).toContain("allocator_roles_cut 1");
});
