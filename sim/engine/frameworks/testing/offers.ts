import type { Attribute, FaultDomain } from "@bourse/model/agent";
import type { Offer } from "@bourse/model/offer";
import type { Amount } from "@bourse/model/quota";
import { canonical, scalar } from "@bourse/model/resources";
import type { TaskInfo, TaskStatus } from "@bourse/model/task";
import type { TaskState } from "@bourse/model/task-state";
import type { PolicyCall, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import type { LoadRow } from "../../scenario/load-row.ts";
import type { BatchSpec, PlacementRule } from "../../scenario/scenario.ts";
import type { SimPolicy } from "../../sim-framework.ts";

/** Whole units by name: `{ cpus: 0.5, mem: 64 }`. */
export type Units = Readonly<Record<string, number>>;

export function amountsOf(units: Units): Amount[] {
  return Object.entries(units)
    .map(([name, amount]) => ({ name, milli: Math.round(amount * 1_000) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function row(units: Units, more: Partial<LoadRow> = {}): LoadRow {
  return { atMs: 0, count: 1, amounts: amountsOf(units), runMs: 1_000, job: "", ...more };
}

export function batch(load: readonly LoadRow[], more: Partial<BatchSpec> = {}): BatchSpec {
  return {
    kind: "batch",
    load,
    placement: placedBy("first"),
    tasksPerOfferMax: 100,
    attemptsMax: Number.POSITIVE_INFINITY,
    failures: 0,
    replaceUnreachableAfterMs: 60_000,
    isClosedLoop: false,
    ...more,
  };
}

export function placedBy(rule: PlacementRule): BatchSpec["placement"] {
  return { rule, constraints: [] };
}

let offerCount = 0;

/** An offer of agent `agentId`, everything unreserved. */
export function offer(
  agentId: string,
  units: Units,
  more: { readonly attributes?: Readonly<Record<string, string>>; domain?: FaultDomain } = {},
): Offer {
  offerCount += 1;
  const attributes = Object.entries(more.attributes ?? {}).map(
    ([name, text]): Attribute => ({ name, value: { type: "text", text } }),
  );
  return {
    offerId: `o${offerCount}`,
    frameworkId: "f1",
    agentId,
    hostname: agentId,
    port: 5_051,
    role: "r",
    resources: canonical(amountsOf(units).map(({ name, milli }) => scalar(name, milli))),
    attributes,
    ...(more.domain === undefined ? {} : { domain: more.domain }),
  };
}

/** A policy and the time it is told. */
export class Told {
  nowMs = 0;
  policy: SimPolicy;

  constructor(policy: SimPolicy) {
    this.policy = policy;
  }

  tell(event: PolicyEvent<unknown>): PolicyCalls<unknown> {
    return this.policy.apply({ monoMs: this.nowMs, wallMs: this.nowMs }, event);
  }

  subscribe(): readonly PolicyCall[] {
    return this.tell({ kind: "subscribed", frameworkId: "f1", isAgain: false }).calls;
  }

  at(nowMs: number): PolicyCalls<unknown> {
    this.nowMs = nowMs;
    return this.tell({ kind: "wake" });
  }

  offer(...offers: readonly Offer[]): readonly PolicyCall[] {
    return this.tell({ kind: "offers", offers }).calls;
  }

  update(taskId: string, state: TaskState, agentId = "a"): readonly PolicyCall[] {
    const status: TaskStatus = {
      taskId,
      state,
      source: "SOURCE_AGENT",
      agentId,
      timestampMs: this.nowMs,
    };
    return this.tell({ kind: "update", status }).calls;
  }
}

/** Tasks that the calls launch. */
export function launched(calls: readonly PolicyCall[]): readonly TaskInfo[] {
  return calls.flatMap((call) =>
    call.kind === "accept"
      ? call.operations.flatMap((operation) => (operation.kind === "launch" ? operation.tasks : []))
      : [],
  );
}

/** `t0@a t1@b`: what was launched where, for tests to read. */
export function launchText(calls: readonly PolicyCall[]): string {
  return launched(calls)
    .map(({ taskId, agentId }) => `${taskId}@${agentId}`)
    .join(" ");
}

export function kindsOf(calls: readonly PolicyCall[]): string {
  return calls.map(({ kind }) => kind).join(" ");
}
