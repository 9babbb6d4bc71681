import { OPERATION_STATES, type OperationState } from "@bourse/model/operation";
import type { OperatorQuery, OperatorView, RoleView } from "@bourse/model/operator";
import type { Amount } from "@bourse/model/quota";
import type { Resources } from "@bourse/model/resources";
import { Gauge, type Registry } from "prom-client";

type View = (query: OperatorQuery) => Promise<OperatorView>;
type RoleGauge = Gauge<"role">;
type AmountGauge = Gauge<"role" | "resource">;

/** Series that Prometheus takes without pain: some ten a role. Roles beyond, by name, are only counted. */
export const METRIC_ROLES_MAX = 1_000;
const PAGE = 1_000;

/** How the cluster is shared, role by role, and what becomes of operations (FEATURES M-79, A-6). */
export class SharingMetrics {
  readonly #registry: Registry;
  readonly #share: RoleGauge;
  readonly #fairShare: RoleGauge;
  readonly #weight: RoleGauge;
  readonly #unserved: RoleGauge;
  readonly #allocated: AmountGauge;
  readonly #reserved: AmountGauge;
  readonly #guarantee: AmountGauge;
  readonly #limit: AmountGauge;
  readonly #consumed: AmountGauge;
  readonly #leftOut: Gauge;
  readonly #operations: Gauge<"state">;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#share = this.#ofRole("shares_dominant", "Dominant share of the role and all below it.");
    this.#fairShare = this.#ofRole("shares_fair", "What it would be by weight alone.");
    this.#weight = this.#ofRole("weight", "What it counts for beside its siblings.");
    this.#unserved = this.#ofRole(
      "unserved_seconds",
      "How long it has been entitled to more and got nothing; 0 = it is not, or it was served.",
    );
    this.#allocated = this.#ofAmount("roles_allocated", "Offered to or used by this very role.");
    this.#reserved = this.#ofAmount("roles_reserved", "Reserved for this very role.");
    this.#guarantee = this.#ofAmount("quota_guarantee", "Promised to the role and all below it.");
    this.#limit = this.#ofAmount("quota_limit", "What they may at most use.");
    this.#consumed = this.#ofAmount("quota_consumed", "What counts against their quota.");
    this.#leftOut = new Gauge({
      name: "allocator_roles_left_out",
      help: `Roles of which no metrics are made, because there are more than ${METRIC_ROLES_MAX}.`,
      registers: [registry],
    });
    this.#operations = new Gauge({
      name: "master_operations",
      help: "Operations on their way to an agent, or not acknowledged by their framework.",
      labelNames: ["state"],
      registers: [registry],
    });
  }

  /** Reads in pages, so that the loop is never held up by a large cluster (FEATURES N-20). */
  async read(view: View): Promise<void> {
    const { roles, leftOut } = await readRoles(view);
    const operations = await countOperations(view);
    this.#clear(); // Roles and names that are gone must not stay; nothing waits between here and the end.
    for (const role of roles) this.#showRole(role);
    this.#leftOut.set(leftOut);
    for (const state of OPERATION_STATES)
      this.#operations.set({ state }, operations.get(state) ?? 0);
  }

  #showRole(view: RoleView): void {
    const { role, quota } = view;
    this.#share.set({ role }, view.share);
    this.#fairShare.set({ role }, view.fairShare);
    this.#weight.set({ role }, view.weightMilli / 1000);
    this.#unserved.set({ role }, (view.unservedForMs ?? 0) / 1000);
    showResources(this.#allocated, role, view.allocated);
    showResources(this.#reserved, role, view.reserved);
    if (quota === undefined) return;
    showAmounts(this.#guarantee, role, quota.guarantees);
    showAmounts(this.#limit, role, quota.limits);
    showAmounts(this.#consumed, role, view.consumed);
  }

  #clear(): void {
    for (const gauge of [this.#share, this.#fairShare, this.#weight, this.#unserved]) gauge.reset();
    for (const gauge of [this.#allocated, this.#reserved]) gauge.reset();
    for (const gauge of [this.#guarantee, this.#limit, this.#consumed]) gauge.reset();
  }

  #ofRole(name: string, help: string): RoleGauge {
    return new Gauge({
      name: `allocator_roles_${name}`,
      help,
      labelNames: ["role"],
      registers: [this.#registry],
    });
  }

  #ofAmount(name: string, help: string): AmountGauge {
    return new Gauge({
      name: `allocator_${name}`,
      help,
      labelNames: ["role", "resource"],
      registers: [this.#registry],
    });
  }
}

function showAmounts(gauge: AmountGauge, role: string, amounts: readonly Amount[]): void {
  for (const { name, milli } of amounts) gauge.set({ role, resource: name }, milli / 1000);
}

/** A name may come in several kinds: disks, reservations. */
function showResources(gauge: AmountGauge, role: string, resources: Resources): void {
  for (const { name, value } of resources)
    if (value.type === "scalar") gauge.inc({ role, resource: name }, value.milli / 1000);
}

async function readRoles(view: View): Promise<{ roles: readonly RoleView[]; leftOut: number }> {
  const roles: RoleView[] = [];
  let leftOut = 0;
  let after: string | undefined;
  do {
    const answer = await view({ kind: "roles", page: pageAfter(after) });
    if (answer.kind !== "roles") break;
    const room = METRIC_ROLES_MAX - roles.length;
    roles.push(...answer.roles.slice(0, room));
    leftOut += Math.max(0, answer.roles.length - room);
    after = answer.next;
  } while (after !== undefined);
  return { roles, leftOut };
}

async function countOperations(view: View): Promise<ReadonlyMap<OperationState, number>> {
  const counts = new Map<OperationState, number>();
  let after: string | undefined;
  do {
    const answer = await view({ kind: "operations", page: pageAfter(after) });
    if (answer.kind !== "operations") break;
    for (const { state } of answer.operations) counts.set(state, (counts.get(state) ?? 0) + 1);
    after = answer.next;
  } while (after !== undefined);
  return counts;
}

function pageAfter(after: string | undefined): { readonly limit: number; readonly after?: string } {
  return after === undefined ? { limit: PAGE } : { limit: PAGE, after };
}
