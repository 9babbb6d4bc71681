import type { AgentOperation, OperationUpdate } from "@bourse/model/operation";
import { add, contains, type Resources, subtract } from "@bourse/model/resources";
import { resourcesOf } from "./resource-words.ts";

/** What an agent has, and what it did to it: some operations fail. Updates with an id wait to be acknowledged. */
export class FakeOperations {
  readonly #around: { nextUuid(): string };
  readonly #done = new Set<string>();
  readonly #updates = new Map<string, OperationUpdate>();
  #count = 0;
  total: Resources = resourcesOf(
    "cpus=4,mem=4096,ports=31000-31019,disk=100,cpus(!eng)=1,disk(!eng)=20",
  );

  constructor(around: { nextUuid(): string }) {
    this.#around = around;
  }

  get updates(): readonly OperationUpdate[] {
    return Array.from(this.#updates.values());
  }

  hasDone(frameworkId: string, operationId: string): boolean {
    return this.#done.has(`${frameworkId}/${operationId}`);
  }

  apply(operation: AgentOperation): OperationUpdate {
    const { operationUuid, frameworkId, operationId, consumed, converted } = operation;
    const isDone = this.#count++ % 5 !== 3 && contains(this.total, consumed);
    if (isDone) {
      this.total = add(subtract(this.total, consumed), converted);
      this.#done.add(`${frameworkId}/${operationId}`);
    }
    const update: OperationUpdate = {
      operationUuid,
      ...(frameworkId !== undefined && { frameworkId }),
      ...(operationId !== undefined && { operationId }),
      state: isDone ? "OPERATION_FINISHED" : "OPERATION_FAILED",
      convertedResources: isDone ? converted : [],
      uuid: this.#around.nextUuid(),
    };
    if (operationId !== undefined) this.#updates.set(update.uuid, update);
    return update;
  }

  acknowledged(uuid: string): void {
    this.#updates.delete(uuid);
  }
}
