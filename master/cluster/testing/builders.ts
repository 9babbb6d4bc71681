import type { AgentInfo } from "@bourse/model/agent";
import type { Capability, FrameworkInfo } from "@bourse/model/framework";
import { canonical, type Resources, ranges, scalar } from "@bourse/model/resources";
import { NO_PAYLOAD, type TaskInfo } from "@bourse/model/task";

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
  return {
    hostname: named.get("host") ?? "host",
    port: 5051,
    resources: resourcesOf(
      `cpus=${cpus},mem=${mem}${named.has("ports") ? `,ports=${named.get("ports")}` : ""}`,
    ),
    attributes: [],
    version: "0.1.0",
    payload: NO_PAYLOAD,
  };
}

/** `t1:cpus=1,mem=128` or `t1@a2:cpus=1`. */
export function taskOf(text: string, offerAgentId: string): TaskInfo {
  const [name = "", resources = ""] = text.split(":");
  const [taskId = "", agentId] = name.split("@");
  return {
    taskId,
    name: taskId,
    agentId: agentId ?? offerAgentId,
    resources: resourcesOf(resources),
    payload: NO_PAYLOAD,
  };
}

/** `cpus=1.5,ports=31000-31009`. */
export function resourcesOf(text: string): Resources {
  if (text === "") return [];
  return canonical(
    text.split(",").map((part) => {
      const [name = "", amount = ""] = part.split("=");
      const [begin = "", end] = amount.split("-");
      if (end === undefined) return scalar(name, Math.round(Number(amount) * 1000));
      return ranges(name, [{ begin: Number(begin), end: Number(end) }]);
    }),
  );
}

/** `a,b` as a list; nothing as an empty one. */
export function listOf(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(",");
}
