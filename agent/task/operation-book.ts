import type { OperationUuid } from "@bourse/model/ids";
import type { OperationUpdate } from "@bourse/model/operation";
import type { Resources } from "@bourse/model/resources";
import { type VolumeRef, volumesIn, volumesWithout } from "./volumes.ts";

/** What one operation turns into what. */
export interface Change {
  readonly consumed: Resources;
  readonly converted: Resources;
}

/** An operation on which this agent has decided. */
export interface CheckpointedOperation {
  readonly update: OperationUpdate;
  /** Volumes whose data goes with it. */
  readonly destroyed: readonly VolumeRef[];
  /** Somebody must still acknowledge the update. */
  readonly isPending: boolean;
}

/**
 * How many operations are remembered that nobody waits for any more: one that comes twice is answered as before, and
 * data of volumes is deleted although the agent ended before it could.
 */
export const DONE_OPERATIONS_MAX = 128;

/** The operations that an agent remembers, oldest first; the same in its core and in what its log adds up to. */
export class OperationBook {
  readonly #all = new Map<OperationUuid, CheckpointedOperation>();
  #doneCount = 0;

  constructor(operations: readonly CheckpointedOperation[] = []) {
    for (const operation of operations) this.add(operation);
  }

  all(): readonly CheckpointedOperation[] {
    return [...this.#all.values()];
  }

  get(operationUuid: OperationUuid): CheckpointedOperation | undefined {
    return this.#all.get(operationUuid);
  }

  add(operation: CheckpointedOperation): void {
    this.#all.set(operation.update.operationUuid, operation);
    if (!operation.isPending) this.#oneMoreDone();
  }

  /** Nobody waits for its update any more. */
  settle(operationUuid: OperationUuid): void {
    const operation = this.#all.get(operationUuid);
    if (operation === undefined || !operation.isPending) return;
    this.#all.set(operationUuid, { ...operation, isPending: false });
    this.#oneMoreDone();
  }

  #oneMoreDone(): void {
    this.#doneCount += 1;
    if (this.#doneCount <= DONE_OPERATIONS_MAX) return;
    for (const [operationUuid, { isPending }] of this.#all) {
      if (isPending) continue;
      this.#all.delete(operationUuid);
      this.#doneCount -= 1;
      return;
    }
  }
}

/** How an operation is remembered, right after it was decided on. */
export function decidedOn(update: OperationUpdate, change: Change): CheckpointedOperation {
  return {
    update,
    destroyed: volumesWithout(volumesIn(change.consumed), volumesIn(change.converted)),
    isPending: update.operationId !== undefined,
  };
}
