import { OPERATION_STATES, type OperationState } from "@bourse/model/operation";
import type { OperatorQuery, OperatorView, RoleView } from "@bourse/model/operator";
import type { Amount } from "@bourse/model/quota";
import type { Resources } from "@bourse/model/resources";
import { Gauge, type Registry } from "prom-client";

type View = (query: OperatorQuery) => Promise<OperatorView>;
type RoleGauge = Gauge<"role">;
type AmountGauge = Gauge<"role" | "resource">;

/** One page: some ten series a role are what Prometheus takes without pain. The first ones by name are told. */
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
  readonly #filters: RoleGauge;
  readonly #cut: Gauge;
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
    this.#filters = new Gauge({
      name: "allocator_offer_filters_active",
      help: "Refusals in force, of all frameworks in this very role.",
      labelNames: ["role"],
      registers: [registry],
    });
    this.#cut = new Gauge({
      name: "allocator_roles_cut",
      help: `1 = there are more roles than ${METRIC_ROLES_MAX}; the rest has no metrics.`,
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
    const answer = await view({ kind: "roles", page: { limit: METRIC_ROLES_MAX } });
    const operations = await countOperations(view);
    this.#clear(); // Roles and names that are gone must not stay; nothing waits between here and the end.
    if (answer.kind === "roles") {
      for (const role of answer.roles) this.#showRole(role);
      this.#cut.set(answer.next === undefined ? 0 : 1);
    }
    for (const state of OPERATION_STATES)
      this.#operations.set({ state }, operations.get(state) ?? 0);
  }

  #showRole(view: RoleView): void {
    const { role, quota } = view;
    this.#share.set({ role }, view.share);
    this.#fairShare.set({ role }, view.fairShare);
    this.#weight.set({ role }, view.weightMilli / 1000);
    this.#unserved.set({ role }, (view.unservedForMs ?? 0) / 1000);
    this.#filters.set({ role }, view.refusals);
    showResources(this.#allocated, role, view.allocated);
    showResources(this.#reserved, role, view.reserved);
    if (quota === undefined) return;
    showAmounts(this.#guarantee, role, quota.guarantees);
    showAmounts(this.#limit, role, quota.limits);
    showAmounts(this.#consumed, role, view.consumed);
  }

  #clear(): void {
    for (const gauge of [this.#share, this.#fairShare, this.#weight, this.#unserved]) gauge.reset();
    for (const gauge of [this.#filters, this.#allocated, this.#reserved]) gauge.reset();
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
