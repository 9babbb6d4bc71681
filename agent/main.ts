import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { AgentInfo } from "@bourse/model/agent";
import type { AgentId, ContainerId } from "@bourse/model/ids";
import { canonical } from "@bourse/model/resources";
import { NO_PAYLOAD } from "@bourse/model/task";
import { AGENT_CONFIG_DEFAULTS } from "@bourse/task/config";
import { makeDirectory } from "./checkpoint/make-directory.ts";
import { lockWorkDir, type WorkDirLock } from "./checkpoint/work-dir-lock.ts";
import { makeContainerizer } from "./make-containerizer.ts";
import { type AgentOptions, type CheckedOptions, checkOptions } from "./options.ts";
import { measureMachine, offeredResources } from "./resources/detect-resources.ts";
import { Agent, type AgentEnd } from "./run.ts";

/** Told to masters when registering. */
export const AGENT_VERSION = "0.1.0";

/** Agents that run in this process. */
export interface RunningAgent {
  readonly info: AgentInfo;
  /** Ids that masters gave; null until registered. */
  agentIds(): readonly (AgentId | null)[];
  /** Containers that no task knows (FEATURES N-03). */
  orphans(): readonly ContainerId[];
  /**
   * Resolves when an agent ended by itself: the process should then exit, with code 1 for an error (its one
   * line says what happened) and 0 when the master removed the agent.
   */
  readonly ended: Promise<AgentEnd>;
  /** Containers run on, and a restarted agent adopts them; with `remove` they are killed and removed first. */
  close(containers?: "keep" | "remove"): Promise<void>;
}

/**
 * Starts an agent, or many. Throws a `ClusterError` when an option is wrong or the work directory cannot be used;
 * a master or a container engine that does not answer is waited for.
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const checked = checkOptions(options);
  const lock = await lockWorkDir(checked.workDir);
  const agents: Agent[] = [];
  try {
    const info = await describe(checked);
    let tellEnd: (end: AgentEnd) => void = () => {};
    const ended = new Promise<AgentEnd>((resolve) => {
      tellEnd = resolve;
    });
    for (let index = 0; index < checked.count; index++) {
      agents.push(await startOne(options, checked, info, index, tellEnd));
    }
    return {
      info,
      ended,
      agentIds: () => agents.map((agent) => agent.agentId),
      orphans: () => agents.flatMap((agent) => agent.orphans),
      close: (containers = "keep") => close(agents, lock, containers),
    };
  } catch (thrown) {
    await close(agents, lock, "keep");
    throw thrown;
  }
}

async function describe(checked: CheckedOptions): Promise<AgentInfo> {
  const { hostname, port, attributes, domain, resources, workDir } = checked;
  const machine = await measureMachine(workDir);
  return {
    hostname,
    port,
    resources: canonical(offeredResources(machine, resources)),
    attributes,
    ...(domain && { domain }),
    version: AGENT_VERSION,
    payload: NO_PAYLOAD,
  };
}

async function startOne(
  options: AgentOptions,
  { count, workDir, masters }: CheckedOptions,
  info: AgentInfo,
  index: number,
  onEnd: (end: AgentEnd) => void,
): Promise<Agent> {
  const isOne = count === 1;
  const name = `agent-${index + 1}`;
  const directory = isOne ? workDir : join(workDir, name);
  await makeDirectory(directory);
  const log = isOne ? options.logger : options.logger.child({ agent: name });
  return Agent.start({
    info: isOne ? info : { ...info, hostname: `${info.hostname}-${index + 1}` },
    config: AGENT_CONFIG_DEFAULTS,
    masters,
    directory,
    seed: randomBytes(16).toString("hex"),
    isSynced: options.containerizer !== "fake", // Fake containers do not outlive the process either.
    log,
    makeContainerizer: (owner, onEvent) =>
      makeContainerizer({ options, owner, onEvent, directory, log }),
    onEnd,
  });
}

async function close(
  agents: readonly Agent[],
  lock: WorkDirLock,
  containers: "keep" | "remove",
): Promise<void> {
  await Promise.all(
    agents.map((agent) =>
      containers === "keep" ? agent.close() : agent.closeAndRemoveContainers(),
    ),
  );
  await lock.release();
}
