import type { AgentId, FrameworkId, InverseOfferId } from "./ids.ts";
import type { Resources } from "./resources.ts";

/** When a machine will not be there (FEATURES M-71). Wall clock. */
export interface Unavailability {
  readonly startMs: number;
  /** Absent = for good. */
  readonly durationMs?: number;
}

/** Named by host name, compared without case; every agent on it is meant. */
export interface Machine {
  readonly hostname: string;
}

export interface MaintenanceWindow {
  readonly machines: readonly Machine[];
  readonly unavailability: Unavailability;
}

/**
 *   up -> draining (at once when it is scheduled) -> down (start-maintenance) -> up (stop-maintenance)
 *   draining -> up when it leaves the schedule
 */
export type MachineMode = "draining" | "down";

/** The master asks a framework to leave an agent; the answer is advice only. */
export interface InverseOffer {
  readonly inverseOfferId: InverseOfferId;
  readonly frameworkId: FrameworkId;
  readonly agentId: AgentId;
  /** What the framework holds there. */
  readonly resources: Resources;
  readonly unavailability: Unavailability;
  readonly timeoutMs?: number;
}
