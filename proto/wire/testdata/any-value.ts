import type { AgentInfo, Attribute } from "@bourse/model/agent";
import type { Refusal } from "@bourse/model/errors";
import { CAPABILITIES, type FrameworkInfo } from "@bourse/model/framework";
import type { DeclineReason, Offer } from "@bourse/model/offer";
import { canonical, type Resource, type Resources } from "@bourse/model/resources";
import type { ExecutorInfo, TaskInfo, TaskStatus } from "@bourse/model/task";
import { TASK_REASONS, TASK_SOURCES, TASK_STATES } from "@bourse/model/task-state";
import fc, { type Arbitrary } from "fast-check";

/** Records whose absent keys are absent, as `exactOptionalPropertyTypes` has it. */
export function row<T extends object, K extends keyof T = never>(
  required: { readonly [P in K]: Arbitrary<T[P]> },
  optional?: { readonly [P in Exclude<keyof T, K>]: Arbitrary<Exclude<T[P], undefined>> },
): Arbitrary<T> {
  const all: Record<string, Arbitrary<unknown>> = { ...required, ...optional };
  return fc.record(all, { requiredKeys: Object.keys(required) }) as unknown as Arbitrary<T>;
}

export const id = fc.string({ minLength: 1, maxLength: 40 });
export const text = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
);
export const time = fc.nat({ max: Number.MAX_SAFE_INTEGER });
export const count = fc.nat({ max: 0x7fff_ffff });
export const blob = fc.uint8Array({ maxLength: 40 });
export const flag = fc.boolean();
export const uuid = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((b) => Buffer.from(b).toString("hex"));
export const state = fc.constantFrom(...TASK_STATES);
export const few = <T>(item: Arbitrary<T>) => fc.array(item, { maxLength: 3 });
export const some = <T>(item: Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 3 });
export const kind = <const K extends string>(name: K) => fc.constant(name);

export const ranges = fc
  .array(fc.tuple(fc.integer({ min: 2, max: 50 }), fc.nat({ max: 50 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((steps) => {
    let at = 0;
    return steps.map(([gap, length]) => {
      const begin = at + gap;
      at = begin + length;
      return { begin, end: at };
    });
  });

export const milli = fc.integer({ min: 1, max: 2 ** 51 });
export const resource = row<Resource, "name" | "value">(
  {
    name: id,
    value: fc.oneof(
      fc.record({ type: kind("scalar"), milli }),
      fc.record({ type: kind("ranges"), ranges }),
      fc.record({ type: kind("set"), items: some(id) }),
    ),
  },
  {
    reservations: some(
      row<NonNullable<Resource["reservations"]>[number], "type" | "role">(
        { type: fc.constantFrom("static", "dynamic"), role: id },
        { principal: text, labels: some(row({ key: id }, { value: text })) },
      ),
    ),
    disk: row<NonNullable<Resource["disk"]>>(
      {},
      {
        source: row(
          { type: fc.constantFrom("path", "mount", "raw", "block") },
          { id: text, root: text },
        ),
        persistence: row({ id }, { principal: text }),
        volume: fc.record({ containerPath: id, mode: fc.constantFrom("RW", "RO") }),
      },
    ),
    isShared: kind("x").map(() => true as const),
    isRevocable: kind("x").map(() => true as const),
  },
);
export const resources: Arbitrary<Resources> = few(resource).map(canonical);

export const refusal = row<Refusal, "code" | "message">(
  { code: fc.constantFrom("invalid_call", "stale_epoch"), message: text },
  { hint: text },
);
export const attribute: Arbitrary<Attribute> = fc.record({
  name: id,
  value: fc.oneof(
    fc.record({ type: kind("scalar"), milli: fc.integer() }),
    fc.record({ type: kind("ranges"), ranges }),
    fc.record({ type: kind("text"), text }),
  ),
});
export const domain = fc.record({ region: id, zone: id });
export const agentInfo = row<AgentInfo, Exclude<keyof AgentInfo, "domain">>(
  {
    hostname: id,
    port: fc.nat({ max: 65_535 }),
    resources,
    attributes: few(attribute),
    version: text,
    payload: blob,
  },
  { domain },
);
export const frameworkInfo = row<
  FrameworkInfo,
  Exclude<keyof FrameworkInfo, "hostname" | "principal" | "webuiUrl" | "minAllocatable">
>(
  {
    user: text,
    name: id,
    roles: few(id),
    failoverTimeoutMs: time,
    isCheckpointing: flag,
    capabilities: few(fc.constantFrom(...CAPABILITIES)),
    payload: blob,
  },
  {
    hostname: text,
    principal: text,
    webuiUrl: text,
    minAllocatable: some(fc.tuple(id, few(resources))).map((entries) => new Map(entries)),
  },
);
export const executor: Arbitrary<ExecutorInfo> = fc.record({
  executorId: id,
  resources,
  payload: blob,
});
export const task = row<TaskInfo, Exclude<keyof TaskInfo, "executor" | "role">>(
  { taskId: id, name: text, agentId: id, resources, payload: blob },
  { executor, role: id },
);
export const status = row<TaskStatus, "taskId" | "state" | "source" | "timestampMs">(
  { taskId: id, state, source: fc.constantFrom(...TASK_SOURCES), timestampMs: time },
  {
    reason: fc.constantFrom(...TASK_REASONS),
    message: text,
    agentId: id,
    executorId: id,
    uuid,
    isHealthy: flag,
    unreachableSinceMs: time,
    payload: blob,
  },
);
export const offer = row<Offer, Exclude<keyof Offer, "domain" | "timeoutMs" | "unavailability">>(
  {
    offerId: id,
    frameworkId: id,
    agentId: id,
    hostname: text,
    port: fc.nat({ max: 65_535 }),
    role: id,
    resources,
    attributes: few(attribute),
  },
  {
    domain,
    timeoutMs: time,
    unavailability: row({ startMs: time }, { durationMs: time }),
  },
);
export const filters = row<{ refuseMs?: number }>({}, { refuseMs: fc.integer() });
export const reason = row<DeclineReason, "code">({ code: id }, { detail: text });
export const killPolicy = fc.record({ gracePeriodMs: time });
export const known = fc.record({ frameworkId: id, info: frameworkInfo });
