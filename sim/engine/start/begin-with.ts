import { agentKey, frameworkKey, quotaKey, weightKey } from "@bourse/cluster/registry-records";
import type { AgentInfo } from "@bourse/model/agent";
import type { FrameworkInfo, KnownFramework } from "@bourse/model/framework";
import type { FrameworkId } from "@bourse/model/ids";
import type { Random } from "@bourse/model/random";
import type { RegistryEntry } from "@bourse/model/registry";
import { canonical, type Resources } from "@bourse/model/resources";
import { NO_PAYLOAD } from "@bourse/model/task";
import type { AgentCheckpoint, AgentConfig, CheckpointedTask } from "@bourse/task/inputs";
import { entryFrom, launchOf } from "@bourse/task/task-entry";
import { dynamicPart } from "@bourse/task/total-resources";
import { type ContainerPlan, RUNS_FOR_EVER, type Workload } from "../containers.ts";
import type { LoadMeter } from "../frameworks/load-meter.ts";
import { type AgentBefore, RUN } from "../sim-agent.ts";
import type { SimFrameworkOptions } from "../sim-framework.ts";
import { WALL_ORIGIN_MS } from "../simulation.ts";
import type { World } from "../world.ts";
import { KeeperPolicy } from "./keeper-policy.ts";
import { machineResources } from "./machine-resources.ts";
import { nodeNames } from "./node-names.ts";
import type { StartAgent, StartFramework, StartState, StartTask } from "./start-state.ts";

export interface BeginOptions {
  readonly agentConfig: AgentConfig;
  readonly session: SimFrameworkOptions["session"];
  /** What containers do that are launched from now on. */
  readonly workload: Workload;
  meter(): LoadMeter | null;
}

/** A task that is given up when its agent has been out of reach for so long: what the service that is shipped does. */
export const REPLACE_UNREACHABLE_AFTER_MS = 60_000;

/**
 * Makes a new world hold what a live cluster holds: the master's registry, machines with running containers and an agent
 * that knows them, frameworks under their ids. Called before anything is started. Whoever was down is not there: agents
 * only as registry entries, and tasks of a framework that is down run on without it.
 */
export function beginWith(world: World, start: StartState, options: BeginOptions): void {
  storeRegistry(world, start);
  const tasksOn = groupBy(start.tasks, ({ agentId }) => agentId);
  const tasksOf = groupBy(start.tasks, ({ frameworkId }) => frameworkId);
  const known = new Map(start.frameworks.map((one) => [one.frameworkId, knownFramework(one)]));
  const random = world.simulation.random.fork("start");
  const names = nodeNames(start, [...world.agents, ...world.frameworks, world.master]);
  for (const agent of start.agents) {
    if (!agent.isUp) continue;
    const tasks = tasksOn.get(agent.agentId) ?? [];
    world.addAgent({
      name: names.agents.get(agent.agentId) as string,
      info: { ...agentInfo(agent), resources: machineResources(agent.total) },
      config: options.agentConfig,
      workload: options.workload,
      before: beforeOf(start, agent, tasks, { known, random }),
    });
  }
  for (const { atMs, ...machine } of start.behaviour?.join ?? []) {
    world.addAgent({
      name: machine.hostname,
      info: { port: 5_051, version: "", ...machine, payload: NO_PAYLOAD },
      config: options.agentConfig,
      workload: options.workload,
      startAtMs: atMs,
    });
  }
  for (const framework of start.frameworks) {
    if (framework.isUp) addFramework(world, start, framework, { ...options, tasksOf, names });
  }
}

// ---- the registry ----

function storeRegistry({ master }: World, start: StartState): void {
  const put = (key: string, entry: RegistryEntry): void => master.store({ op: "put", key, entry });
  for (const agent of start.agents) {
    const { agentId, isDeactivated, unreachableSinceMs } = agent;
    put(agentKey(agentId), {
      kind: "agent",
      agent: { agentId, info: agentInfo(agent) },
      isDeactivated,
      registeredAtMs: virtual(start, agent.registeredAtMs),
      ...(unreachableSinceMs !== undefined && {
        unreachableSinceMs: virtual(start, unreachableSinceMs),
      }),
    });
  }
  for (const framework of start.frameworks) {
    const { disconnectedSinceMs } = framework;
    put(frameworkKey(framework.frameworkId), {
      kind: "framework",
      framework: knownFramework(framework),
      registeredAtMs: virtual(start, framework.registeredAtMs),
      ...(disconnectedSinceMs !== undefined && {
        disconnectedSinceMs: virtual(start, disconnectedSinceMs),
      }),
    });
  }
  for (const quota of start.quotas) put(quotaKey(quota.role), { kind: "quota", quota });
  for (const weight of start.weights) put(weightKey(weight.role), { kind: "weight", weight });
  const { windows, down } = start.maintenance;
  if (windows.length === 0) return;
  put(MAINTENANCE_KEY, {
    kind: "maintenance",
    windows: windows.map(({ machines, unavailability }) => ({
      machines,
      unavailability: { ...unavailability, startMs: virtual(start, unavailability.startMs) },
    })),
    down,
  });
}

/** One record holds all of it. */
const MAINTENANCE_KEY = "maintenance";

/** The moment at which the state was taken is the beginning of the run. */
function virtual({ takenAtMs }: StartState, wallMs: number): number {
  return wallMs - takenAtMs + WALL_ORIGIN_MS;
}

// ---- agents ----

function agentInfo(agent: StartAgent): AgentInfo {
  const { hostname, port, total, attributes, domain, version } = agent;
  const resources = canonical(total);
  const place = domain === undefined ? {} : { domain };
  return { hostname, port, resources, attributes, ...place, version, payload: NO_PAYLOAD };
}

function beforeOf(
  start: StartState,
  { agentId, total }: StartAgent,
  tasks: readonly StartTask[],
  by: { readonly known: ReadonlyMap<FrameworkId, KnownFramework>; readonly random: Random },
): AgentBefore {
  const checkpointed = tasks.map((task, index) => checkpointedTask(start, task, index));
  const frameworks = new Set(tasks.map(({ frameworkId }) => frameworkId));
  const checkpoint: AgentCheckpoint = {
    agentId,
    epochSeen: 0,
    frameworks: Array.from(frameworks, (id) => by.known.get(id)).filter((one) => one !== undefined),
    tasks: checkpointed,
    dynamic: dynamicPart(canonical(total)),
    operations: [],
  };
  const containers = checkpointed.map((task) => ({
    launch: launchOf(entryFrom(task), RUN),
    plan: planOf(start, by.random),
  }));
  return { checkpoint, containers };
}

/** Whatever was on its way of it has arrived: it runs. */
function checkpointedTask(start: StartState, task: StartTask, index: number): CheckpointedTask {
  const { frameworkId, taskId, name, agentId, role, isKilling } = task;
  const launchedAtMs = virtual(start, task.launchedAtMs);
  const resources: Resources = canonical(task.resources);
  return {
    frameworkId,
    task: { taskId, name, agentId, resources, role, payload: NO_PAYLOAD },
    run: RUN,
    containerId: `before-${index + 1}`,
    launchedAtMs,
    isKillRequested: isKilling,
    killCause: isKilling ? "requested" : null,
    runningSinceMs: launchedAtMs,
    pending: [],
    latest: {
      taskId,
      state: isKilling ? "TASK_KILLING" : "TASK_RUNNING",
      source: "SOURCE_EXECUTOR",
      agentId,
      timestampMs: launchedAtMs,
    },
  };
}

function planOf({ behaviour }: StartState, random: Random): ContainerPlan {
  const { taskLifetimeMs } = behaviour ?? {};
  if (taskLifetimeMs === undefined) return RUNS_FOR_EVER;
  return { ...RUNS_FOR_EVER, runMs: 1 + random.below(Math.max(1, taskLifetimeMs)) };
}

// ---- frameworks ----

function addFramework(
  world: World,
  { behaviour }: StartState,
  framework: StartFramework,
  by: BeginOptions & {
    readonly tasksOf: ReadonlyMap<FrameworkId, readonly StartTask[]>;
    readonly names: ReturnType<typeof nodeNames>;
  },
): void {
  const { frameworkId } = framework;
  // Those that it has told to end are not missed when they do.
  const tasks = (by.tasksOf.get(frameworkId) ?? [])
    .filter(({ isKilling }) => !isKilling)
    .map(({ taskId, agentId, role, resources }) => ({ taskId, agentId, role, resources }));
  const node = world.addFramework({
    name: by.names.frameworks.get(frameworkId) as string,
    info: frameworkInfo(framework),
    session: by.session,
    createPolicy: ({ snapshot }) => {
      const options = {
        tasks,
        replaceUnreachableAfterMs:
          behaviour?.replaceUnreachableAfterMs ?? REPLACE_UNREACHABLE_AFTER_MS,
        leave: behaviour?.leave ?? [],
        meter: by.meter(),
      };
      return snapshot === null
        ? new KeeperPolicy(options)
        : KeeperPolicy.restore(options, snapshot);
    },
  });
  node.store({ kind: "framework", frameworkId, epochSeen: 0 });
}

function knownFramework(framework: StartFramework): KnownFramework {
  return { frameworkId: framework.frameworkId, info: frameworkInfo(framework) };
}

function frameworkInfo(framework: StartFramework): FrameworkInfo {
  const { user, name, roles, failoverTimeoutMs, capabilities, principal } = framework;
  return {
    user,
    name,
    roles,
    failoverTimeoutMs,
    isCheckpointing: true,
    capabilities,
    ...(principal !== undefined && { principal }),
    payload: NO_PAYLOAD,
  };
}

function groupBy<Key, Item>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
