import type { Offer, Operation } from "@bourse/model/offer";
import type { OperationStatus } from "@bourse/model/operation";
import { rangesOf } from "@bourse/model/resources";
import type { FrameworkEvent } from "@bourse/model/scheduler";
import type { TaskStatus } from "@bourse/model/task";
import { taskOf } from "./builders.ts";
import type { Surroundings } from "./fake-agent.ts";
import { reshapings, tasksOn } from "./reshapings.ts";
import type { TestInput } from "./world.ts";

type Call = Extract<TestInput, { kind: "framework-call" }>["call"];

/** A scheduler that behaves: it acknowledges only what it was told, and uses an offer once. */
export class FakeFramework {
  readonly frameworkId: string;
  readonly #around: Surroundings;
  readonly #offers = new Map<string, Offer>();
  /** Tasks that it was told of. */
  readonly #heardOf = new Set<string>();
  /** Updates to acknowledge. */
  readonly #received: TaskStatus[] = [];
  readonly #operations: OperationStatus[] = [];
  #launched = 0;
  #isCompleted = false;
  session: number | null = null;
  isCut = false;

  constructor(frameworkId: string, around: Surroundings) {
    this.frameworkId = frameworkId;
    this.#around = around;
  }

  connect(): void {
    if ((this.session !== null && !this.isCut) || this.#isCompleted) return;
    this.forgetSession();
    const session = this.#around.nextSession();
    this.session = session;
    const { frameworkId } = this;
    const info = this.#around.infoOf(frameworkId);
    this.call({ kind: "subscribe", frameworkId, info, suppressedRoles: [], epochSeen: 0 });
  }

  break(): void {
    const { session } = this;
    this.forgetSession();
    if (session === null) return;
    this.#around.send({ kind: "framework-closed", session, cause: "broken" });
  }

  cut(): void {
    this.isCut = this.session !== null;
  }

  forgetSession(): void {
    this.session = null;
    this.isCut = false;
    this.#offers.clear();
  }

  call(call: Call): void {
    const { session } = this;
    if (session === null || this.isCut) return;
    this.#around.send({ kind: "framework-call", session, call });
  }

  /** None to three tasks, some of them too large, on the oldest offer. */
  accept(pick: number): void {
    const offer = this.#offers.values().next().value;
    if (offer === undefined) return;
    const { offerId, agentId } = offer;
    this.#offers.delete(offerId);
    const port = rangesOf(offer.resources, "ports")[0]?.begin ?? 31000;
    const cpus = pick % 5 === 0 ? 9 : 1;
    const tasks = Array.from({ length: pick % 4 }, (_, index) => {
      const ports = `${port + index}-${port + index}`;
      return taskOf(`t${this.#launched++}:cpus=${cpus},mem=128,ports=${ports}`, agentId);
    });
    const operations = [{ kind: "launch", tasks }] as const;
    const filters = { refuseMs: (pick % 3) * 1000 };
    this.call({ kind: "accept", offerIds: [offerId], operations, filters });
  }

  /** Operations on the oldest offer, some of them not valid, with tasks on what they make. */
  reshape(pick: number): void {
    const offer = this.#offers.values().next().value;
    if (offer === undefined) return;
    this.#offers.delete(offer.offerId);
    const operations = reshapings(offer, pick).map((operation, index) =>
      (pick + index) % 3 === 0 ? operation : { ...operation, operationId: `o${this.#launched++}` },
    );
    const all: Operation[] = [...operations];
    const tasks = tasksOn(offer, all).map((resources) => ({
      ...taskOf(`t${this.#launched++}`, offer.agentId),
      resources,
    }));
    if (tasks.length > 0) all.push({ kind: "launch", tasks });
    const filters = { refuseMs: (pick % 2) * 1000 };
    this.call({ kind: "accept", offerIds: [offer.offerId], operations: all, filters });
  }

  declineAll(): void {
    const offerIds = Array.from(this.#offers.keys());
    this.#offers.clear();
    this.call({ kind: "decline", offerIds, filters: { refuseMs: 2000 } });
  }

  kill(pick: number): void {
    const ids = Array.from(this.#heardOf);
    const taskId = ids[pick % Math.max(1, ids.length)] ?? `t${pick % 5}`;
    this.call({ kind: "kill", taskId });
  }

  acknowledgeAll(): void {
    if (this.session === null || this.isCut) return;
    for (const { agentId, taskId, uuid } of this.#received.splice(0)) {
      if (agentId === undefined || uuid === undefined) continue;
      this.call({ kind: "acknowledge", agentId, taskId, uuid });
    }
    for (const { operationId, uuid } of this.#operations.splice(0)) {
      if (uuid !== undefined) this.call({ kind: "acknowledge-operation", operationId, uuid });
    }
  }

  /** An event from the master on this framework's stream. */
  deliver(event: FrameworkEvent): void {
    if (this.isCut) return;
    switch (event.kind) {
      case "offers":
        for (const offer of event.offers) this.#offers.set(offer.offerId, offer);
        return;
      case "rescind":
        this.#offers.delete(event.offerId);
        return;
      case "update":
        this.#heardOf.add(event.status.taskId);
        if (event.status.uuid !== undefined) this.#received.push(event.status);
        return;
      case "operation-update":
        this.#operations.push(event.status);
        return;
      case "error":
        if (event.refusal.code === "framework_completed") this.#isCompleted = true;
        return;
      default:
        return;
    }
  }
}
