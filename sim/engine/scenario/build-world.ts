import { CLUSTER_DEFAULTS } from "@bourse/cluster/config";
import type { AgentInfo } from "@bourse/model/agent";
import { present } from "@bourse/model/assert";
import type { FrameworkInfo } from "@bourse/model/framework";
import type { Role } from "@bourse/model/ids";
import { NO_PAYLOAD } from "@bourse/model/task";
import { SESSION_DEFAULTS } from "@bourse/session/session-io";
import { AGENT_CONFIG_DEFAULTS } from "@bourse/task/config";
import type { LoadMeter } from "../frameworks/load-meter.ts";
import type { SimFramework } from "../sim-framework.ts";
import { beginWith } from "../start/begin-with.ts";
import type { StartState } from "../start/start-state.ts";
import { World } from "../world.ts";
import { CONTAINER_DEFAULTS } from "./defaults.ts";
import { type PolicySource, policySource } from "./policy-of.ts";
import type { AgentGroup, FrameworkSpec, Scenario } from "./scenario.ts";
import { GroupWorkload, TaskPlans } from "./task-plans.ts";

export interface BuildTools {
  /** Told how the tasks of loads fare; asked for when a policy begins, so that it may look at the world first. */
  meter(): LoadMeter | null;
  /** What a live cluster holds already; absent = the cluster begins empty. */
  readonly start?: StartState | undefined;
}

/** The cluster of a scenario, all of it still down. Faults, operations and checks are not part of it. */
export function buildWorld(scenario: Scenario, tools: BuildTools): World {
  const world = new World({
    seed: scenario.seed,
    shell: scenario.shell,
    latency: scenario.latency,
    master: { ...CLUSTER_DEFAULTS, ...scenario.master },
  });
  const plans = new TaskPlans(world);
  for (const group of scenario.agents) addGroup(world, scenario, group, plans);
  for (const spec of scenario.frameworks) {
    for (const name of namesOf(spec)) addFramework({ world, scenario, spec, name, plans, tools });
  }
  if (tools.start !== undefined) addStart(world, scenario, tools.start, { plans, tools });
  return world;
}

/** Whoever is there already comes behind those of the scenario. */
function addStart(
  world: World,
  { agentConfig, sessionConfig }: Scenario,
  start: StartState,
  { plans, tools }: { readonly plans: TaskPlans; readonly tools: BuildTools },
): void {
  const random = world.simulation.random.fork("containers of the start");
  beginWith(world, start, {
    agentConfig: { ...AGENT_CONFIG_DEFAULTS, ...agentConfig },
    session: { ...SESSION_DEFAULTS, ...sessionConfig },
    workload: new GroupWorkload(CONTAINER_DEFAULTS, random, plans),
    meter: () => tools.meter(),
  });
}

/** Everything that a scenario starts, at the time when it does: the master at once, the others as their specs say. */
export function startWorld(world: World, scenario: Scenario): void {
  const { simulation, master } = world;
  master.start();
  for (const { role, weightMilli } of scenario.roles) {
    if (weightMilli === undefined) continue;
    master.operate({ kind: "update-weights", weights: [{ role, weightMilli }] });
  }
  const quotas = scenario.roles
    .filter(({ guarantees, limits }) => guarantees !== undefined || limits !== undefined)
    .map(({ role, guarantees = [], limits = [] }) => ({ role, guarantees, limits }));
  // By force: nobody is there yet whom it could hurt, and no agents whose sum it could exceed.
  if (quotas.length > 0) master.operate({ kind: "update-quotas", quotas, isForced: true });
  const startAt = (atMs: number, node: { start(): void } | undefined): void => {
    if (atMs === 0) node?.start();
    else simulation.at(atMs, () => node?.start());
  };
  let agentIndex = 0;
  for (const { count, startWithinMs } of scenario.agents) {
    for (let index = 0; index < count; index++, agentIndex++)
      startAt(Math.floor((startWithinMs * index) / count), world.agents[agentIndex]);
  }
  let frameworkIndex = 0;
  for (const spec of scenario.frameworks) {
    for (let index = 0; index < spec.count; index++, frameworkIndex++) {
      const framework = present(world.frameworks[frameworkIndex], "a framework of the scenario");
      startAt(spec.startAtMs, framework);
      if (spec.flapping !== null) flap(world, framework, spec, scenario.end.atMs);
      scale(world, framework, spec);
    }
  }
  for (const agent of world.agents.slice(agentIndex)) startAt(agent.options.startAtMs ?? 0, agent);
  for (const framework of world.frameworks.slice(frameworkIndex)) framework.start();
}

/** `name-1`, `name-2`, ..., or just `name` when there is one. */
export function namesOf({ name, count }: { readonly name: string; readonly count: number }) {
  return count === 1 ? [name] : Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
}

function addGroup(world: World, scenario: Scenario, group: AgentGroup, plans: TaskPlans): void {
  const random = world.simulation.random.fork(`containers/${group.name}`);
  const workload = new GroupWorkload(group.containers, random, plans);
  const config = { ...AGENT_CONFIG_DEFAULTS, ...scenario.agentConfig };
  for (const [index, name] of namesOf(group).entries()) {
    const domain = group.domains[index % Math.max(1, group.domains.length)];
    const info: AgentInfo = {
      hostname: name,
      port: 5_051,
      resources: group.resources,
      attributes: group.attributes,
      ...(domain === undefined ? {} : { domain }),
      version: "0.1.0",
      payload: NO_PAYLOAD,
    };
    world.addAgent({ name, info, config, workload });
  }
}

interface FrameworkToAdd {
  readonly world: World;
  readonly scenario: Scenario;
  readonly spec: FrameworkSpec;
  readonly name: string;
  readonly plans: TaskPlans;
  readonly tools: BuildTools;
}

function addFramework({ world, scenario, spec, name, plans, tools }: FrameworkToAdd): void {
  const role = spec.roles[0] ?? "*";
  const info = infoOf(spec, name, role);
  const random = world.simulation.random.fork(`framework/${name}`);
  let source: PolicySource | null = null;
  const framework: SimFramework = world.addFramework({
    name,
    info,
    remembersEnded: false,
    session: { ...SESSION_DEFAULTS, ...suppressedAtFirst(spec), ...scenario.sessionConfig },
    createPolicy: (saved) => {
      if (source === null) {
        const context = { info, role, seed: scenario.seed, random, meter: tools.meter() };
        source = policySource(spec.policy, context);
        plans.add(framework, source);
      }
      const policy = source.create(saved);
      plans.began(framework, policy);
      return policy;
    },
  });
}

/** A queue is empty at first: it subscribes without wanting offers, and asks for them when work comes. */
function suppressedAtFirst({ policy, roles }: FrameworkSpec) {
  return policy.kind === "batch" ? { suppressedRoles: roles } : {};
}

function infoOf(spec: FrameworkSpec, name: string, role: Role): FrameworkInfo {
  const { policy } = spec;
  const shares = policy.kind === "volumes" && policy.hasSharedVolumes;
  const wanted = shares ? [...spec.capabilities, "SHARED_RESOURCES" as const] : spec.capabilities;
  return {
    user: "nobody",
    name,
    roles: spec.roles,
    failoverTimeoutMs: spec.failoverTimeoutMs,
    isCheckpointing: true,
    capabilities: Array.from(new Set(wanted)),
    // Disk without cpus is worth an offer too: how else would it be taken back on a busy agent?
    ...(policy.kind === "volumes" ? { minAllocatable: new Map([[role, []]]) } : {}),
    payload: NO_PAYLOAD,
  };
}

/** Its scheduler dies and comes back, over and over, until `untilMs`; then it is up for good. */
function flap(world: World, framework: SimFramework, spec: FrameworkSpec, untilMs: number): void {
  const { simulation } = world;
  const { upMs, downMs } = spec.flapping ?? { upMs: 0, downMs: 0 };
  const random = simulation.random.fork(`flapping/${framework.name}`);
  const draw = (ms: number): number => Math.max(1, Math.floor(ms / 2) + random.below(ms + 1));
  const fall = (): void => {
    const downForMs = draw(downMs);
    if (simulation.nowMs + downForMs >= untilMs) return;
    world.note(`${framework.name} crashes for ${downForMs} ms`);
    framework.crash();
    simulation.after(downForMs, () => {
      framework.start();
      simulation.after(draw(upMs), fall);
    });
  };
  simulation.at(spec.startAtMs + draw(upMs), fall);
}

function scale({ simulation }: World, framework: SimFramework, { policy }: FrameworkSpec): void {
  if (policy.kind !== "service") return;
  for (const { atMs, count } of policy.scales)
    simulation.at(atMs, () => framework.input({ kind: "scale", count }));
}
