import type { Attribute, FaultDomain } from "@bourse/model/agent";
import type { TaskSpec } from "@bourse/model/container";
import { ClusterError } from "@bourse/model/errors";
import type { AgentId, OfferId, Role, TaskId } from "@bourse/model/ids";
import type { Unavailability } from "@bourse/model/maintenance";
import type { DeclineReason, Filters, Offer, Operation } from "@bourse/model/offer";
import { add, canonical, formatResources, type Resources } from "@bourse/model/resources";
import type { FrameworkCall } from "@bourse/model/scheduler";
import type { TaskInfo } from "@bourse/model/task";
import { LIMITS } from "@bourse/proto/wire/limits";
import { encodeTaskPayload } from "@bourse/proto/wire/task";
import { type Amounts, resourcesOf } from "@bourse/session/amounts";
import { portsOf, withFixedPorts, withPorts } from "@bourse/session/host-ports";
import { explainMisfit, type Fit, fit, type PlacementRequest } from "@bourse/session/placement";
import { type ReshapeOperation, resolveOperation, volumeIn } from "./offer-operations.ts";

/** A task to launch: what it needs, and what to run. The offer adds the agent, the kinds of resources and the ports. */
export interface TaskDescription extends Amounts, TaskSpec {
  /** Unique among the framework's tasks, ended ones included. */
  readonly taskId: TaskId;
  readonly name?: string;
  /** Host ports for open `portMappings` and PORT0, PORT1, ... */
  readonly ports?: number;
  /** Ids of volumes in the offer (or made before in the same accept) that it holds, at their container paths. */
  readonly persistentVolumes?: readonly string[];
}

export interface LaunchOperation {
  readonly kind: "launch";
  readonly tasks: readonly TaskDescription[];
}

export function launch(...tasks: readonly TaskDescription[]): LaunchOperation {
  return { kind: "launch", tasks };
}

/** What an offer can be used for; see also offer-operations.ts. */
export type OfferOperation = LaunchOperation | ReshapeOperation;

const LAUNCH = { kind: "launch" } as const;

type Answer = Extract<FrameworkCall, { kind: "accept" | "decline" }>;

/** An offer in a handler's hands. It is answered once, by accepting or declining it (FEATURES K-3). */
export class LiveOffer {
  readonly offer: Offer;
  readonly #answer: (call: Answer) => void;
  #isAnswered = false;

  constructor(offer: Offer, answer: (call: Answer) => void) {
    this.offer = offer;
    this.#answer = answer;
  }

  get offerId(): OfferId {
    return this.offer.offerId;
  }

  get agentId(): AgentId {
    return this.offer.agentId;
  }

  get hostname(): string {
    return this.offer.hostname;
  }

  get role(): Role {
    return this.offer.role;
  }

  get resources(): Resources {
    return this.offer.resources;
  }

  get attributes(): readonly Attribute[] {
    return this.offer.attributes;
  }

  get domain(): FaultDomain | undefined {
    return this.offer.domain;
  }

  /** When its agent goes into maintenance; see `maintenanceReason` (M-71). */
  get unavailability(): Unavailability | undefined {
    return this.offer.unavailability;
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** What a task would take of it, or all that is missing. */
  fit(request: PlacementRequest | TaskDescription): Fit {
    return fit(this.offer.resources, requestOf(request));
  }

  /** Why a task cannot be placed here; empty when it can. */
  explainMisfit(request: PlacementRequest | TaskDescription): readonly DeclineReason[] {
    return explainMisfit(this.offer, requestOf(request));
  }

  /**
   * Uses the offer: one operation or several, each of which may use what those before it made. Throws `invalid_call` when
   * one does not fit or is wrong, `conflict` when the offer is answered already.
   */
  accept(asked: OfferOperation | readonly OfferOperation[], filters: Filters = {}): void {
    let rest = this.offer.resources;
    const operations: Operation[] = [];
    for (const operation of "kind" in asked ? [asked] : asked) {
      if (operation.kind === "launch") {
        const tasks: TaskInfo[] = [];
        for (const task of operation.tasks) {
          const found = this.#place(task, rest);
          rest = found.rest;
          tasks.push(taskInfoOf(task, this.agentId, found));
        }
        operations.push({ kind: "launch", tasks });
      } else {
        const resolved = resolveOperation(operation, rest, this.role);
        rest = resolved.rest;
        operations.push(resolved.operation);
      }
    }
    this.#send({ kind: "accept", offerIds: [this.offerId], operations, filters });
  }

  decline(options: { refuseMs?: number; reasons?: readonly DeclineReason[] } = {}): void {
    const { refuseMs, reasons } = options;
    this.#send({
      kind: "decline",
      offerIds: [this.offerId],
      filters: refuseMs === undefined ? {} : { refuseMs },
      ...(reasons === undefined ? {} : { reasons }),
    });
  }

  #place(task: TaskDescription, rest: Resources): Extract<Fit, { isFit: true }> {
    const volumes = (task.persistentVolumes ?? []).map((id) => volumeIn(LAUNCH, rest, id));
    const request = requestOf(task);
    const found = fit(rest, { ...request, resources: [...request.resources, ...volumes] });
    if (found.isFit) {
      // A shared volume stays for the next task.
      const shared = canonical(volumes.filter(({ isShared }) => isShared === true));
      return { ...found, rest: add(found.rest, shared) };
    }
    const reasons = found.reasons.map(({ code, detail }) => `${code} (${detail})`).join(", ");
    throw new ClusterError(
      "invalid_call",
      `task ${task.taskId} does not fit offer ${this.offerId} of ${formatResources(rest)}: ${reasons}`,
      { hint: "ask offer.fit(task) first, and decline what does not fit" },
    );
  }

  #send(call: Answer): void {
    if (this.#isAnswered) {
      throw new ClusterError("conflict", `offer ${this.offerId} has been answered already`, {
        hint: "an offer works once; put all tasks for it into one launch",
      });
    }
    this.#isAnswered = true;
    this.#answer(call);
  }
}

function requestOf(wanted: PlacementRequest | TaskDescription): PlacementRequest {
  if ("resources" in wanted) return wanted;
  return {
    resources: withFixedPorts(resourcesOf(wanted), wanted),
    ports: portsOf(wanted, wanted.ports ?? 0),
  };
}

function taskInfoOf(
  task: TaskDescription,
  agentId: AgentId,
  found: Extract<Fit, { isFit: true }>,
): TaskInfo {
  const {
    taskId,
    name,
    cpus: _c,
    mem: _m,
    disk: _d,
    gpus: _g,
    ports: _p,
    persistentVolumes: _v,
    ...spec
  } = task;
  const payload = encodeTaskPayload(withPorts(spec, found.ports));
  if (payload.length > LIMITS.payload) {
    throw new ClusterError(
      "invalid_call",
      `task ${taskId} has ${payload.length} bytes, more than ${LIMITS.payload}`,
      { hint: "hand large data to the task by a volume or an address, not by its environment" },
    );
  }
  return { taskId, name: name ?? taskId, agentId, resources: found.taken, payload };
}
