import type { World } from "../world.ts";
import { createAcceptCheck } from "./accept-check.ts";
import type { Check, CreateCheck } from "./check.ts";
import { createCheckpointCheck } from "./checkpoint-check.ts";
import { createContainerCheck } from "./container-check.ts";
import { createEventCheck } from "./event-check.ts";
import { createKillCheck } from "./kill-check.ts";
import { createMaintenanceCheck } from "./maintenance-check.ts";
import { createMasterCheck, createTouchedCheck } from "./master-check.ts";
import { createOfferCheck } from "./offer-check.ts";
import { createOperationCheck } from "./operation-check.ts";
import { createQuotaCheck } from "./quota-check.ts";
import { createRegistryCheck } from "./registry-check.ts";
import { createResourceCheck } from "./resource-check.ts";
import { createTaskCheck } from "./task-check.ts";
import { createTimerCheck } from "./timer-check.ts";
import { createUpdateCheck } from "./update-check.ts";
import { type Violation, Violations } from "./violations.ts";
import { createVolumeCheck } from "./volume-check.ts";

/** A new invariant: one file here and one line in this list; every scenario gets it. */
const ALL: readonly CreateCheck[] = [
  createAcceptCheck,
  createCheckpointCheck,
  createContainerCheck,
  createEventCheck,
  createKillCheck,
  createMaintenanceCheck,
  createMasterCheck,
  createOfferCheck,
  createOperationCheck,
  createQuotaCheck,
  createRegistryCheck,
  createResourceCheck,
  createTaskCheck,
  createTimerCheck,
  createUpdateCheck,
  createVolumeCheck,
];

/** What sweeps so often looks at each input too. */
const CLOSE_SWEEPS_MAX = 1_000;

/** All invariants, watching one world from its beginning. */
export class Checks {
  readonly violations: Violations;
  readonly #checks: readonly Check[];

  /** A sweep after every `sweepEvery` inputs of the master; Infinity = only when asked. */
  constructor(world: World, sweepEvery: number) {
    this.violations = new Violations(world.simulation);
    const wanted = sweepEvery <= CLOSE_SWEEPS_MAX ? [...ALL, createTouchedCheck] : ALL;
    this.#checks = wanted.map((create) => create(world, this.violations));
    for (const { probe } of this.#checks) if (probe !== undefined) world.probes.add(probe);
    let inputs = 0;
    world.probes.add({
      masterDecided: () => {
        inputs += 1;
        if (inputs % sweepEvery === 0) this.sweep();
      },
    });
  }

  get found(): readonly Violation[] {
    return this.violations.list;
  }

  sweep(): void {
    for (const check of this.#checks) check.sweep?.();
  }

  /** Everything, also what holds only once all messages have drained. */
  settle(): void {
    this.sweep();
    for (const check of this.#checks) check.settle?.();
  }
}
