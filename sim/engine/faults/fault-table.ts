import type { FaultKind } from "../scenario/fault.ts";
import type { FaultScene } from "./fault-scene.ts";
import { failDocker, killContainer, loseRack } from "./machine-faults.ts";
import { breakLink, partition, slowDown } from "./network-faults.ts";
import {
  changeQuota,
  changeWeight,
  deactivateAgent,
  maintain,
  operatorKill,
  reserveByOperator,
  tearDown,
} from "./operator-faults.ts";
import { crashAgent, crashFramework, crashMaster, jumpClock, slowStore } from "./process-faults.ts";

/** One kind of fault: what it does, and how often it comes up against the others when faults are drawn. */
export interface FaultEntry {
  readonly weight: number;
  strike(scene: FaultScene): void;
}

/** A new fault: its kind in `scenario/fault.ts` and one entry here; every scenario may have it. */
export const FAULTS: Readonly<Record<FaultKind, FaultEntry>> = {
  "link-break": { weight: 6, strike: breakLink },
  partition: { weight: 3, strike: partition },
  "slow-network": { weight: 2, strike: slowDown },
  "agent-crash": { weight: 4, strike: crashAgent },
  "framework-crash": { weight: 3, strike: crashFramework },
  "master-crash": { weight: 2, strike: crashMaster },
  "slow-store": { weight: 2, strike: slowStore },
  "clock-jump": { weight: 2, strike: jumpClock },
  "container-kill": { weight: 3, strike: killContainer },
  "docker-failure": { weight: 3, strike: failDocker },
  "rack-loss": { weight: 2, strike: loseRack },
  deactivation: { weight: 1, strike: deactivateAgent },
  "operator-kill": { weight: 2, strike: operatorKill },
  "quota-change": { weight: 2, strike: changeQuota },
  "weight-change": { weight: 1, strike: changeWeight },
  reservation: { weight: 2, strike: reserveByOperator },
  maintenance: { weight: 1, strike: maintain },
  teardown: { weight: 0.1, strike: tearDown },
};
