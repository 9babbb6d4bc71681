import type { ClusterConfig } from "@bourse/cluster/inputs";
import type { AgentId } from "@bourse/model/ids";
import type { Machine, MaintenanceWindow } from "@bourse/model/maintenance";
import type {
  AgentView,
  FrameworkView,
  MachineView,
  RoleView,
  TaskView,
} from "@bourse/model/operator";
import { addAll, canonical, contains, type Resources, subtract } from "@bourse/model/resources";
import type { TaskState } from "@bourse/model/task-state";
import type { StartAgent, StartFramework, StartState, StartTask } from "./start-state.ts";

/** What a master tells operators, all pages, at about one instant. */
export interface LivePicture {
  readonly takenAtMs: number;
  readonly source: string;
  readonly config: Partial<ClusterConfig>;
  readonly agents: readonly AgentView[];
  /** Without those that are over. */
  readonly frameworks: readonly FrameworkView[];
  /** Without those that have ended. */
  readonly tasks: readonly TaskView[];
  readonly roles: readonly RoleView[];
  readonly machines: readonly MachineView[];
}

/**
 * A start state from what a master tells. Pages are of slightly different moments, so what does not fit together is left
 * out: tasks whose agent or framework was not listed. Tasks on agents that are out of reach are left out as well: nobody
 * knows what became of them.
 */
export function startOfPicture(picture: LivePicture): StartState {
  const agents = picture.agents.map((view) => startAgent(view, picture.takenAtMs));
  const frameworks = picture.frameworks
    .filter(({ condition }) => condition !== "completed")
    .map(startFramework);
  const up = new Set(agents.filter(({ isUp }) => isUp).map(({ agentId }) => agentId));
  const known = new Set(frameworks.map(({ frameworkId }) => frameworkId));
  const tasks = picture.tasks
    .filter(({ agentId, frameworkId }) => up.has(agentId) && known.has(frameworkId))
    .filter(({ state }) => ALIVE.has(state));
  return {
    takenAtMs: picture.takenAtMs,
    source: picture.source,
    config: picture.config,
    agents,
    frameworks,
    tasks: thoseThatFit(agents, tasks).map(startTask),
    quotas: picture.roles.flatMap(({ quota }) => (quota === undefined ? [] : [quota])),
    weights: picture.roles
      .filter(({ weightMilli }) => weightMilli !== 1_000)
      .map(({ role, weightMilli }) => ({ role, weightMilli })),
    maintenance: maintenanceOf(picture.machines),
  };
}

/**
 * Between two pages a task may have ended and another been launched in its place: then both are listed. The newer ones
 * are believed; the master lists tasks in the order in which it came to know them.
 */
function thoseThatFit(
  agents: readonly StartAgent[],
  tasks: readonly TaskView[],
): readonly TaskView[] {
  const heldBy = new Map<AgentId, TaskView[]>();
  for (const task of tasks) {
    const held = heldBy.get(task.agentId);
    if (held === undefined) heldBy.set(task.agentId, [task]);
    else held.push(task);
  }
  const wrong = new Set<TaskView>();
  for (const { agentId, total } of agents) {
    let rest = exclusive(total);
    const held = heldBy.get(agentId) ?? [];
    if (contains(rest, addAll(held.map(({ resources }) => exclusive(resources))))) continue;
    for (const task of held.toReversed()) {
      const taken = exclusive(task.resources);
      if (contains(rest, taken)) rest = subtract(rest, taken);
      else wrong.add(task);
    }
  }
  return wrong.size === 0 ? tasks : tasks.filter((task) => !wrong.has(task));
}

/** Shared volumes are held by any number of tasks at once. */
function exclusive(resources: Resources): Resources {
  return canonical(resources.filter(({ isShared }) => isShared !== true));
}

const ALIVE: ReadonlySet<TaskState> = new Set<TaskState>([
  "TASK_STAGING",
  "TASK_STARTING",
  "TASK_RUNNING",
  "TASK_KILLING",
]);

/** One that has not returned since its master's start may never: it counts as out of reach. */
function startAgent(view: AgentView, takenAtMs: number): StartAgent {
  const { agentId, hostname, port, version, total, attributes, domain, condition } = view;
  const { isDeactivated, registeredAtMs } = view;
  const isUp = condition !== "unreachable" && condition !== "recovering";
  return {
    agentId,
    hostname,
    port,
    version,
    total,
    attributes,
    ...(domain !== undefined && { domain }),
    isDeactivated,
    isUp,
    registeredAtMs,
    ...(!isUp && { unreachableSinceMs: view.unreachableSinceMs ?? takenAtMs }),
  };
}

function startFramework(view: FrameworkView): StartFramework {
  const { frameworkId, name, user, principal, roles, capabilities, failoverTimeoutMs } = view;
  return {
    frameworkId,
    name,
    user,
    ...(principal !== undefined && { principal }),
    roles,
    capabilities,
    failoverTimeoutMs,
    isUp: view.condition === "active",
    registeredAtMs: view.registeredAtMs,
    ...(view.removeAtMs !== undefined && {
      disconnectedSinceMs: view.removeAtMs - failoverTimeoutMs,
    }),
  };
}

function startTask(view: TaskView): StartTask {
  const { frameworkId, taskId, name, agentId, role, resources, state, launchedAtMs } = view;
  const isKilling = state === "TASK_KILLING";
  return { frameworkId, taskId, name, agentId, role, resources, isKilling, launchedAtMs };
}

/** Machines of one window are told one by one; each has a window of its own again. */
function maintenanceOf(machines: readonly MachineView[]): StartState["maintenance"] {
  const windows: MaintenanceWindow[] = [];
  const down: Machine[] = [];
  for (const { machine, mode, unavailability } of machines) {
    if (mode === "down") down.push(machine);
    if (unavailability !== undefined) windows.push({ machines: [machine], unavailability });
  }
  return { windows, down };
}
