import type { AgentInfo, Attribute } from "@bourse/model/agent";
import { present } from "@bourse/model/assert";
import type { OfferConstraints } from "@bourse/model/constraints";
import type { Capability, FrameworkInfo } from "@bourse/model/framework";
import type { ResourceOperation } from "@bourse/model/operation";
import type { Quota, RoleWeight } from "@bourse/model/quota";
import { NO_PAYLOAD, type TaskInfo } from "@bourse/model/task";
import { listedResources, resourcesOf } from "./resource-words.ts";

/** What tests are made of: the least that is valid, with what the test is about put over it. */
export function frameworkInfo(
  name: string,
  named: ReadonlyMap<string, string> = new Map(),
): FrameworkInfo {
  const principal = named.get("principal");
  return {
    user: "root",
    name: name || "new",
    roles: listOf(named.get("roles") ?? "*"),
    failoverTimeoutMs: Number(named.get("failover") ?? 3600) * 1000,
    isCheckpointing: true,
    capabilities: listOf(named.get("can") ?? "PARTITION_AWARE") as Capability[],
    ...(principal !== undefined && { principal }),
    payload: NO_PAYLOAD,
  };
}

export function agentInfo(named: ReadonlyMap<string, string> = new Map()): AgentInfo {
  const cpus = named.get("cpus") ?? "4";
  const mem = named.get("mem") ?? "4096";
  const ports = named.has("ports") ? `,ports=${named.get("ports")}` : "";
  const more = named.has("more") ? `,${named.get("more")}` : "";
  return {
    hostname: named.get("host") ?? "host",
    port: 5051,
    resources: resourcesOf(named.get("has") ?? `cpus=${cpus},mem=${mem}${ports}${more}`),
    attributes: listOf(named.get("attributes")).map(attributeOf),
    version: "0.1.0",
    payload: NO_PAYLOAD,
  };
}

/** `rack:r1`. */
function attributeOf(text: string): Attribute {
  const [name = "", value = ""] = text.split(":");
  return { name, value: { type: "text", text: value } };
}

/** `t1:cpus=1,mem=128` or `t1@a2:cpus=1`. */
export function taskOf(text: string, offerAgentId: string): TaskInfo {
  const colon = text.indexOf(":");
  const name = colon === -1 ? text : text.slice(0, colon);
  const resources = colon === -1 ? "" : text.slice(colon + 1);
  const [taskId = "", agentId] = name.split("@");
  return {
    taskId,
    name: taskId,
    agentId: agentId ?? offerAgentId,
    resources: resourcesOf(resources),
    payload: NO_PAYLOAD,
  };
}

/**
 * `reserve:cpus(eng)=1`, `unreserve:...`, `create:disk(eng)[v1:data]=10`, `destroy:...`,
 * `grow:VOLUME,ADDITION`, `shrink:VOLUME,AMOUNT`.
 */
export function operationOf(text: string): ResourceOperation {
  const colon = text.indexOf(":");
  const kind = text.slice(0, colon);
  const rest = text.slice(colon + 1);
  switch (kind) {
    case "reserve":
    case "unreserve":
      return { kind, resources: listedResources(rest) };
    case "create":
    case "destroy":
      return { kind, volumes: listedResources(rest) };
    case "grow": {
      const [volume, addition] = listedResources(rest);
      return {
        kind: "grow-volume",
        volume: present(volume, "a volume"),
        addition: present(addition, "an addition"),
      };
    }
    case "shrink": {
      const comma = rest.lastIndexOf(",");
      const [volume] = listedResources(rest.slice(0, comma));
      const subtractMilli = Math.round(Number(rest.slice(comma + 1)) * 1000);
      return { kind: "shrink-volume", volume: present(volume, "a volume"), subtractMilli };
    }
    default:
      throw new Error(`no operation ${kind}`);
  }
}

/** `a,b` as a list; nothing as an empty one. */
export function listOf(text: string | undefined, separator = ","): string[] {
  return text === undefined || text === "" ? [] : text.split(separator);
}

/** `where=web:rack=r1` takes offers as web of agents whose attribute rack is r1 only. */
export function constraintsOf(named: ReadonlyMap<string, string>): {
  readonly offerConstraints?: OfferConstraints;
} {
  const text = named.get("where");
  if (text === undefined) return {};
  const [role = "", rest = ""] = text.split(":");
  const [name = "", pattern = ""] = rest.split("=");
  const selector = { type: "attribute", name } as const;
  const predicate = { type: "text-matches", pattern } as const;
  return { offerConstraints: new Map([[role, [[{ selector, predicate }]]]]) };
}

/** `eng=2.5`. */
export function weightOf(text: string): RoleWeight {
  const [role = "", weight = ""] = text.split("=");
  return { role, weightMilli: Math.round(Number(weight) * 1000) };
}

/** `eng:cpus=GUARANTEE/LIMIT,mem=/LIMIT,disk=GUARANTEE`; `eng:` removes it. */
export function quotaOf(text: string): Quota {
  const [role = "", rest = ""] = text.split(":");
  const amounts = (index: number) =>
    listOf(rest).flatMap((part) => {
      const [name = "", pair = ""] = part.split("=");
      const word = pair.split("/")[index] ?? "";
      return word === "" ? [] : [{ name, milli: Math.round(Number(word) * 1000) }];
    });
  return { role, guarantees: amounts(0), limits: amounts(1) };
}
