import type { ContainerStatus } from "@bourse/model/container";
import { CAPABILITIES, type FrameworkInfo } from "@bourse/model/framework";
import { canonical, type Resource } from "@bourse/model/resources";
import type { TaskInfo, TaskStatus } from "@bourse/model/task";
import fc from "fast-check";
import { id, ranges, row, status, text } from "./any-value.ts";

/** Values that Mesos' messages can say: amounts are doubles there, and `*` reserves for nobody. */
const amount = fc.integer({ min: 1, max: 2 ** 43 });
const role = id.filter((name) => name !== "*");

const resource = row<Resource, "name" | "value">(
  {
    name: id,
    value: fc.oneof(
      fc.record({ type: fc.constant("scalar" as const), milli: amount }),
      fc.record({ type: fc.constant("ranges" as const), ranges }),
      fc.record({
        type: fc.constant("set" as const),
        items: fc.uniqueArray(id, { minLength: 1, maxLength: 3 }).map((items) => items.sort()),
      }),
    ),
  },
  {
    reservations: fc.array(
      row<NonNullable<Resource["reservations"]>[number], "type" | "role">(
        { type: fc.constantFrom("static", "dynamic"), role },
        {
          principal: text,
          labels: fc.array(
            row<{ key: string; value?: string }, "key">({ key: id }, { value: text }),
            {
              minLength: 1,
              maxLength: 2,
            },
          ),
        },
      ),
      { minLength: 1, maxLength: 2 },
    ),
    disk: row<NonNullable<Resource["disk"]>>(
      {},
      {
        source: row<NonNullable<NonNullable<Resource["disk"]>["source"]>, "type">(
          { type: fc.constantFrom("path", "mount") },
          { id: text, root: id },
        ),
        persistence: row<{ id: string; principal?: string }, "id">({ id }, { principal: text }),
        volume: fc.record({
          containerPath: id,
          mode: fc.constantFrom("RW" as const, "RO" as const),
        }),
      },
    ),
    isShared: fc.constant(true as const),
    isRevocable: fc.constant(true as const),
  },
);
const resources = fc.array(resource, { maxLength: 3 }).map(canonical);

/** Field 1023 with a few bytes: what a later version might add. */
const payload = fc
  .uint8Array({ maxLength: 20 })
  .map((bytes) => new Uint8Array([0xfa, 0x3f, bytes.length, ...bytes]));

const task = row<TaskInfo, Exclude<keyof TaskInfo, "executor" | "role">>(
  { taskId: id, name: text, agentId: id, resources, payload },
  { executor: fc.record({ executorId: id, resources, payload }), role: id },
);
/** A role is said with the resources, so a task without any has none. */
export const anyTask = task.filter((one) => one.resources.length > 0 || one.role === undefined);

/** Mesos counts such times in nanoseconds of 64 bits, which end in the year 2262. */
const moment = fc.nat({ max: 2 ** 42 });
export const anyStatus = fc.tuple(status, moment, moment).map(
  ([{ payload: _, unreachableSinceMs, ...rest }, timestampMs, since]): TaskStatus => ({
    ...rest,
    timestampMs,
    ...(unreachableSinceMs !== undefined && { unreachableSinceMs: since }),
  }),
);

export const anyContainerStatus = row<ContainerStatus, "containerId" | "ipAddresses">(
  { containerId: id, ipAddresses: fc.array(id, { maxLength: 3 }) },
  { pid: fc.integer({ min: 1, max: 0x3f_ffff }) },
);

/** Keys of map fields: the one that generated messages cannot hold is refused, and has a test of its own. */
const mapKey = id.filter((key) => key !== "__proto__");

const quantities = fc
  .uniqueArray(mapKey, { minLength: 1, maxLength: 2 })
  .map((names) =>
    canonical(names.map((name) => ({ name, value: { type: "scalar" as const, milli: 1500 } }))),
  );

const framework = row<
  FrameworkInfo,
  Exclude<keyof FrameworkInfo, "hostname" | "principal" | "webuiUrl" | "minAllocatable">
>(
  {
    user: text,
    name: text,
    roles: fc.array(id, { minLength: 1, maxLength: 3 }),
    failoverTimeoutMs: fc.nat(),
    isCheckpointing: fc.boolean(),
    capabilities: fc.uniqueArray(fc.constantFrom(...CAPABILITIES)),
    payload,
  },
  {
    hostname: text,
    principal: text,
    webuiUrl: text,
    minAllocatable: fc
      .array(fc.tuple(mapKey, fc.array(quantities, { minLength: 1, maxLength: 2 })), {
        minLength: 1,
        maxLength: 2,
      })
      .map((entries) => new Map(entries)),
  },
);
/** Without MULTI_ROLE a framework has one role. */
export const anyFramework = framework.map(
  (info): FrameworkInfo =>
    info.capabilities.includes("MULTI_ROLE") ? info : { ...info, roles: info.roles.slice(0, 1) },
);
