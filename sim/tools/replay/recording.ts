import type { Cluster } from "@bourse/cluster/cluster";
import type { ClusterConfig } from "@bourse/cluster/inputs";
import type { Agent, Task } from "@bourse/cluster/state";
import type { Attribute, FaultDomain } from "@bourse/model/agent";
import type { Capability } from "@bourse/model/framework";
import type { AgentId, FrameworkId, Role, TaskId } from "@bourse/model/ids";
import type { OperatorChange } from "@bourse/model/operator";
import type { Quota } from "@bourse/model/quota";
import type { Resources } from "@bourse/model/resources";
import { isTerminal } from "@bourse/model/task-state";
import type { Here, Visitor } from "./walk.ts";

/** What a journal tells of a cluster and its load, apart from what the master decided. Times from the first input. */
export interface Recording {
  readonly config: ClusterConfig;
  readonly durationMs: number;
  readonly agents: readonly RecordedAgent[];
  readonly frameworks: readonly RecordedFramework[];
  readonly tasks: readonly RecordedTask[];
  readonly quotas: readonly Quota[];
  readonly weights: readonly { readonly role: Role; readonly weightMilli: number }[];
  readonly changes: readonly RecordedChange[];
}

export interface RecordedAgent {
  readonly hostname: string;
  readonly resources: Resources;
  readonly attributes: readonly Attribute[];
  readonly domain: FaultDomain | null;
  /** When it was there, [from, until); Infinity = to the end. */
  readonly spans: readonly { readonly fromMs: number; readonly untilMs: number }[];
}

export interface RecordedFramework {
  readonly frameworkId: FrameworkId;
  readonly name: string;
  readonly capabilities: readonly Capability[];
}

export interface RecordedTask {
  readonly frameworkId: FrameworkId;
  readonly role: Role;
  readonly resources: Resources;
  /** When its framework launched it: when it can first have wanted it, at the latest. */
  readonly launchedMs: number;
  /** From running to its end; Infinity = it ran when the journal ended; 0 = it never ran. */
  readonly runMs: number;
}

export type RecordedChange = { readonly atMs: number } & (
  | { readonly kind: "quota"; readonly quota: Quota }
  | { readonly kind: "weight"; readonly role: Role; readonly weightMilli: number }
);

/** Watches a walk through a journal and writes down the cluster and the load. */
export class Recorder implements Visitor {
  readonly #agents = new Map<AgentId, OpenAgent>();
  readonly #frameworks = new Map<FrameworkId, RecordedFramework>();
  /** Those that have not ended, by framework and id. */
  readonly #open = new Map<string, OpenTask>();
  readonly #ended: RecordedTask[] = [];
  readonly #changes: RecordedChange[] = [];
  #quotas: readonly Quota[] = [];
  #weights: Recording["weights"] = [];
  #config: ClusterConfig | null = null;
  #firstMs: number | null = null;
  #nowMs = 0;

  opened: NonNullable<Visitor["opened"]> = ({ cluster }, { config }) => {
    this.#config = config;
    if (this.#firstMs !== null) return; // A master's restart: the cluster went on, its state comes back by itself.
    const { state } = cluster;
    this.#quotas = state.allocator.quotas();
    this.#weights = state.allocator
      .roles({ monoMs: 0, wallMs: 0 })
      .filter(({ weightMilli }) => weightMilli !== 1_000)
      .map(({ role, weightMilli }) => ({ role, weightMilli }));
    for (const agent of state.agents.values()) if (agent.condition === "active") this.#seen(agent);
    for (const { tasks } of state.frameworks.values()) {
      for (const task of tasks.values()) this.#launched(cluster, task);
    }
  };

  after: NonNullable<Visitor["after"]> = ({ cluster, now, effects }) => {
    this.#firstMs ??= now.wallMs;
    this.#nowMs = Math.max(this.#nowMs, now.wallMs - this.#firstMs);
    for (const sending of effects?.send ?? []) {
      if (sending.to === "events") this.#change(cluster, sending.event.change);
    }
    return false;
  };

  recording(here: Here): Recording {
    const running = Array.from(this.#open.values(), (task) =>
      taskOf(task, Number.POSITIVE_INFINITY),
    );
    return {
      config: this.#config ?? here.cluster.state.config,
      durationMs: this.#nowMs,
      agents: Array.from(this.#agents.values(), agentOf),
      frameworks: Array.from(this.#frameworks.values()),
      tasks: [...this.#ended, ...running].sort((a, b) => a.launchedMs - b.launchedMs),
      quotas: this.#quotas,
      weights: this.#weights,
      changes: this.#changes,
    };
  }

  #change(cluster: Cluster, change: OperatorChange): void {
    switch (change.kind) {
      case "agent-added":
      case "agent-changed":
        this.#agentChanged(cluster, change.agentId);
        return;
      case "agent-removed":
        this.#gone(change.agentId);
        return;
      case "task-added": {
        const { frameworkId, taskId } = change;
        const task = cluster.state.frameworks.get(frameworkId)?.tasks.get(taskId);
        if (task !== undefined) this.#launched(cluster, task);
        return;
      }
      case "task-updated": {
        const { taskId, state } = change.status;
        const task = this.#open.get(keyOf(change.frameworkId, taskId));
        if (task !== undefined && state === "TASK_RUNNING") task.runningMs ??= this.#nowMs;
        if (isTerminal(state)) this.#over(change.frameworkId, taskId);
        return;
      }
      case "task-removed":
        this.#over(change.frameworkId, change.taskId);
        return;
      case "quota-changed": {
        const { role } = change;
        const none = { role, guarantees: [], limits: [] };
        const quota = cluster.state.allocator.quotas().find((one) => one.role === role) ?? none;
        this.#changes.push({ atMs: this.#nowMs, kind: "quota", quota });
        return;
      }
      case "weight-changed": {
        const { role, weightMilli } = change;
        this.#changes.push({ atMs: this.#nowMs, kind: "weight", role, weightMilli });
        return;
      }
      default:
        return;
    }
  }

  #agentChanged({ state }: Cluster, agentId: AgentId): void {
    const agent = state.agents.get(agentId);
    if (agent === undefined || agent.condition === "unreachable") this.#gone(agentId);
    else if (agent.condition === "active") this.#seen(agent);
  }

  #seen({ agentId, info }: Agent): void {
    const known = this.#agents.get(agentId);
    const span = { fromMs: this.#nowMs, untilMs: Number.POSITIVE_INFINITY };
    if (known === undefined) this.#agents.set(agentId, { info, spans: [span] });
    else if (known.spans.at(-1)?.untilMs !== Number.POSITIVE_INFINITY) known.spans.push(span);
  }

  #gone(agentId: AgentId): void {
    const span = this.#agents.get(agentId)?.spans.at(-1);
    if (span !== undefined) span.untilMs = Math.min(span.untilMs, this.#nowMs);
  }

  #launched({ state }: Cluster, { frameworkId, info, role, state: taskState }: Task): void {
    const key = keyOf(frameworkId, info.taskId);
    if (this.#open.has(key) || isTerminal(taskState)) return;
    const runningMs = taskState === "TASK_RUNNING" ? this.#nowMs : null;
    const { resources } = info;
    this.#open.set(key, { frameworkId, role, resources, launchedMs: this.#nowMs, runningMs });
    const framework = state.frameworks.get(frameworkId);
    if (framework === undefined || this.#frameworks.has(frameworkId)) return;
    const { name, capabilities } = framework.info;
    this.#frameworks.set(frameworkId, { frameworkId, name, capabilities });
  }

  #over(frameworkId: FrameworkId, taskId: TaskId): void {
    const key = keyOf(frameworkId, taskId);
    const task = this.#open.get(key);
    if (task === undefined) return;
    this.#open.delete(key);
    this.#ended.push(taskOf(task, this.#nowMs));
  }
}

interface OpenAgent {
  readonly info: Agent["info"];
  readonly spans: { readonly fromMs: number; untilMs: number }[];
}

interface OpenTask extends Omit<RecordedTask, "runMs"> {
  runningMs: number | null;
}

function agentOf({ info, spans }: OpenAgent): RecordedAgent {
  const { hostname, resources, attributes, domain } = info;
  return { hostname, resources, attributes, domain: domain ?? null, spans };
}

function taskOf({ runningMs, ...task }: OpenTask, endMs: number): RecordedTask {
  return {
    ...task,
    runMs: endMs === Number.POSITIVE_INFINITY ? endMs : endMs - (runningMs ?? endMs),
  };
}

function keyOf(frameworkId: FrameworkId, taskId: TaskId): string {
  return `${frameworkId} ${taskId}`;
}
