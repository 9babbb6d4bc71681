import type { Attribute, FaultDomain } from "./agent.ts";
import type { AgentId, FrameworkId, OfferId, OperationId, Role } from "./ids.ts";
import type { Unavailability } from "./maintenance.ts";
import type { ResourceOperation } from "./operation.ts";
import type { Resources } from "./resources.ts";
import type { TaskInfo } from "./task.ts";

/** Resources of one agent, offered to one framework for one role. An offer id works once (FEATURES 3.3). */
export interface Offer {
  readonly offerId: OfferId;
  readonly frameworkId: FrameworkId;
  readonly agentId: AgentId;
  readonly hostname: string;
  readonly port: number;
  readonly role: Role;
  readonly resources: Resources;
  readonly attributes: readonly Attribute[];
  readonly domain?: FaultDomain;
  /** The agent's machine is scheduled for maintenance (M-71). */
  readonly unavailability?: Unavailability;
  /** How long the framework may hold it before the master rescinds it; absent = for ever. */
  readonly timeoutMs?: number;
}

/** What to do with an accepted offer; done in order, not atomically (FEATURES 3.3, ACCEPT). */
export type Operation =
  | { readonly kind: "launch"; readonly tasks: readonly TaskInfo[] }
  /** With an id there is feedback (M-17). */
  | (ResourceOperation & { readonly operationId?: OperationId });

/** The tasks that the operations launch, in order. */
export function launchedTasks(operations: readonly Operation[]): readonly TaskInfo[] {
  return operations.flatMap((operation) => (operation.kind === "launch" ? operation.tasks : []));
}

/** FEATURES M-25. Defaults and caps: see `refuseMs`. */
export interface Filters {
  /** Absent or negative = the default of 5 s; capped at 365 days; 0 = no filter. */
  readonly refuseMs?: number;
}

export const REFUSE_MS_DEFAULT = 5_000;
export const REFUSE_MS_MAX = 31_536_000_000;

/** How long a declined offer is not made again (FEATURES M-25): absent or negative = the default; capped. */
export function refuseMs(filters: Filters, defaultMs: number = REFUSE_MS_DEFAULT): number {
  const asked = filters.refuseMs;
  return asked === undefined || asked < 0 ? defaultMs : Math.min(asked, REFUSE_MS_MAX);
}

/** Why a framework had no use for an offer: `insufficient-cpus`, `constraint rack`, ... (FEATURES A-1). */
export interface DeclineReason {
  /** Lower case words joined by `-`, bounded by the wire to 64 characters. */
  readonly code: string;
  /** For people; bounded by the wire to 256 characters. */
  readonly detail?: string;
}
