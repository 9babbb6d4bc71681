import type { FrameworkId } from "@bourse/model/ids";
import type { MasterLinkSnapshot } from "./master-link.ts";
import type { OfferLedgerSnapshot } from "./offer-ledger.ts";
import type { OperationLedgerSnapshot } from "./operation-ledger.ts";
import type { ReconciliationSnapshot } from "./reconciliation.ts";
import type { SubscriptionSnapshot } from "./subscription.ts";
import type { TaskLedgerSnapshot } from "./task-ledger.ts";

/** All that a session knows, as plain data. */
export interface SchedulerSessionSnapshot {
  readonly link: MasterLinkSnapshot;
  readonly offers: OfferLedgerSnapshot;
  readonly tasks: TaskLedgerSnapshot;
  readonly reconciliation: ReconciliationSnapshot;
  readonly operations: OperationLedgerSnapshot;
  readonly frameworkId: FrameworkId | null;
  readonly epochSeen: number;
  readonly wasKnown: boolean;
  readonly hasSubscribed: boolean;
  readonly subscription: SubscriptionSnapshot;
  readonly isTeardownOwed: boolean;
  readonly policyWakeAtMs: number;
  /** Of the policy; whoever restores builds the policy from it first. */
  readonly policy: unknown;
}
