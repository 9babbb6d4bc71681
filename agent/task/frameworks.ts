import type { Capability, KnownFramework } from "@bourse/model/framework";
import type { FrameworkId } from "@bourse/model/ids";
import type { Outbox } from "./outbox.ts";

/** The frameworks that have tasks here, each until its last task is forgotten. */
export class Frameworks {
  readonly #outbox: Outbox;
  readonly #known = new Map<FrameworkId, KnownFramework>();
  readonly #taskCounts = new Map<FrameworkId, number>();

  constructor(outbox: Outbox, known: readonly KnownFramework[]) {
    this.#outbox = outbox;
    for (const framework of known) this.#known.set(framework.frameworkId, framework);
  }

  known(): readonly KnownFramework[] {
    return [...this.#known.values()];
  }

  hasCapability(frameworkId: FrameworkId, capability: Capability): boolean {
    return this.#known.get(frameworkId)?.info.capabilities.includes(capability) ?? false;
  }

  /** Its newest description replaces the one before: a framework may fail over with other capabilities. */
  learn(framework: KnownFramework): void {
    const known = this.#known.get(framework.frameworkId);
    if (known !== undefined && isSame(known, framework)) return;
    this.#known.set(framework.frameworkId, framework);
    this.#outbox.persist({ kind: "framework", framework });
  }

  count(frameworkId: FrameworkId, change: 1 | -1): void {
    const count = (this.#taskCounts.get(frameworkId) ?? 0) + change;
    if (count > 0) {
      this.#taskCounts.set(frameworkId, count);
      return;
    }
    this.#taskCounts.delete(frameworkId);
    this.#known.delete(frameworkId);
    this.#outbox.persist({ kind: "forget-framework", frameworkId });
  }
}

/** Compares what the agent itself looks at, then the opaque rest. */
function isSame(left: KnownFramework, right: KnownFramework): boolean {
  if (left.info === right.info) return true;
  return (
    fingerprint(left) === fingerprint(right) && isSameBytes(left.info.payload, right.info.payload)
  );
}

function fingerprint({ info }: KnownFramework): string {
  const { minAllocatable: _offers, payload: _rest, ...looked } = info;
  return JSON.stringify(looked);
}

function isSameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
