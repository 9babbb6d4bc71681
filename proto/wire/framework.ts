import type { Capability, FrameworkInfo } from "@bourse/model/framework";
import type { FrameworkId, Role } from "@bourse/model/ids";
import { canonical, type Resource, type Resources } from "@bourse/model/resources";
import { create, isFieldSet } from "@bufbuild/protobuf";
import {
  FrameworkInfo_Capability_Type,
  FrameworkInfoSchema,
  type FrameworkInfo as MesosFrameworkInfo,
} from "#gen/mesos/v1/framework_pb";
import { invalid } from "./codec.ts";
import { readMessage, writeMessage } from "./mesos-message.ts";
import { toMilli, unsupported } from "./mesos-resources.ts";
import { joined, withoutFields } from "./payload.ts";

/** The payload of a framework's description: what Mesos has and the model has not, which is the labels. */
export function encodeFrameworkPayload(labels: Readonly<Record<string, string>>): Uint8Array {
  const message = create(FrameworkInfoSchema, {
    user: "",
    name: "",
    labels: { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) },
  });
  return withoutFields(writeMessage(FrameworkInfoSchema, message), MODELLED);
}

/** The whole Mesos FrameworkInfo: the payload, and the modelled fields over it. */
export function composeFrameworkInfo(info: FrameworkInfo, frameworkId?: FrameworkId): Uint8Array {
  const modelled = create(FrameworkInfoSchema, {
    user: info.user,
    name: info.name,
    ...(frameworkId !== undefined && { id: { value: frameworkId } }),
    ...rolesToMesos(info),
    failoverTimeout: info.failoverTimeoutMs / 1000,
    checkpoint: info.isCheckpointing,
    capabilities: info.capabilities.map((name) => ({ type: FrameworkInfo_Capability_Type[name] })),
    ...(info.hostname !== undefined && { hostname: info.hostname }),
    ...(info.principal !== undefined && { principal: info.principal }),
    ...(info.webuiUrl !== undefined && { webuiUrl: info.webuiUrl }),
    offerFilters: offerFiltersToMesos(info.minAllocatable),
  });
  return joined([
    withoutFields(info.payload, MODELLED),
    writeMessage(FrameworkInfoSchema, modelled),
  ]);
}

/** The reverse of `composeFrameworkInfo`. Capabilities that this version does not know are dropped. */
export function splitFrameworkInfo(bytes: Uint8Array): {
  readonly frameworkId?: FrameworkId;
  readonly info: FrameworkInfo;
} {
  const message = readMessage(FrameworkInfoSchema, bytes);
  const has = (key: keyof typeof FrameworkInfoSchema.field) =>
    isFieldSet(message, FrameworkInfoSchema.field[key]);
  if (!has("user")) throw invalid("framework_info.user is missing");
  if (!has("name")) throw invalid("framework_info.name is missing");
  const capabilities = message.capabilities
    .filter(({ type }) => type !== FrameworkInfo_Capability_Type.UNKNOWN)
    .map(({ type }) => FrameworkInfo_Capability_Type[type] as Capability);
  const minAllocatable = offerFiltersFromMesos(message);
  return {
    ...(message.id?.value && { frameworkId: message.id.value }),
    info: {
      user: message.user,
      name: message.name,
      roles: rolesFromMesos(message, capabilities),
      failoverTimeoutMs: failoverTimeoutMs(message.failoverTimeout),
      isCheckpointing: message.checkpoint,
      capabilities,
      ...(has("hostname") && { hostname: message.hostname }),
      ...(has("principal") && { principal: message.principal }),
      ...(has("webuiUrl") && { webuiUrl: message.webuiUrl }),
      ...(minAllocatable.size > 0 && { minAllocatable }),
      payload: withoutFields(bytes, MODELLED),
    },
  };
}

/** `roles` with MULTI_ROLE and `role` without (MESOS-V1 section 2, Validation). */
function rolesToMesos(info: FrameworkInfo) {
  if (info.capabilities.includes("MULTI_ROLE")) return { roles: [...info.roles] };
  return info.roles[0] === undefined ? {} : { role: info.roles[0] };
}

function rolesFromMesos(message: MesosFrameworkInfo, capabilities: readonly Capability[]): Role[] {
  const hasRole = isFieldSet(message, FrameworkInfoSchema.field.role);
  if (capabilities.includes("MULTI_ROLE")) {
    if (hasRole) throw invalid("framework_info.role is not allowed with MULTI_ROLE");
    return message.roles;
  }
  if (message.roles.length > 0) throw invalid("framework_info.roles needs MULTI_ROLE");
  return [hasRole ? message.role : "*"];
}

function offerFiltersToMesos(minAllocatable: FrameworkInfo["minAllocatable"]) {
  return mapField(
    Array.from(minAllocatable ?? [], ([role, alternatives]) => [
      role,
      {
        minAllocatableResources: {
          quantities: alternatives.map((list) => ({ quantities: quantitiesOf(list) })),
        },
      },
    ]),
  );
}

function quantitiesOf(list: Resources) {
  return mapField(
    list.map(({ name, value }) => {
      if (value.type !== "scalar") throw unsupported(`minAllocatable of ${name}`);
      return [name, { value: value.milli / 1000 }];
    }),
  );
}

/** A map field as the generated messages hold it: an object, in which this one key would vanish without a word. */
function mapField<T>(entries: readonly (readonly [key: string, value: T])[]): Record<string, T> {
  for (const [key] of entries) if (key === "__proto__") throw unsupported("the name __proto__");
  return Object.fromEntries(entries);
}

function offerFiltersFromMesos(message: MesosFrameworkInfo): ReadonlyMap<Role, Resources[]> {
  return new Map(
    Object.entries(message.offerFilters).map(([role, filters]) => [
      role,
      (filters.minAllocatableResources?.quantities ?? []).map(({ quantities }) =>
        canonical(
          Object.entries(quantities).map(([name, scalar]): Resource => {
            const label = `framework_info.offer_filters[${role}].${name}`;
            return { name, value: { type: "scalar", milli: toMilli(scalar.value, label) } };
          }),
        ),
      ),
    ]),
  );
}

function failoverTimeoutMs(seconds: number): number {
  if (!(seconds >= 0 && seconds <= FAILOVER_MAX_S)) {
    throw invalid(`framework_info.failover_timeout is ${seconds} s`);
  }
  return Math.round(seconds * 1000);
}

/** Mesos keeps times in nanoseconds of 64 bits and refuses longer ones. */
const FAILOVER_MAX_S = 9_223_372_036;

const MODELLED: ReadonlySet<number> = new Set(
  (
    [
      "user",
      "name",
      "id",
      "role",
      "roles",
      "failoverTimeout",
      "checkpoint",
      "capabilities",
      "hostname",
      "principal",
      "webuiUrl",
      "offerFilters",
    ] as const
  ).map((key) => FrameworkInfoSchema.field[key].number),
);
