import {
  AGENT_GROUP_DEFAULTS,
  CONTAINER_DEFAULTS,
  SCENARIO_DEFAULTS,
} from "@bourse/engine/scenario/defaults";
import { FAULT_KINDS, type Fault, type FaultKind } from "@bourse/engine/scenario/fault";
import type {
  AgentGroup,
  CheckOptions,
  ContainerSpec,
  RoleSetting,
  Scenario,
} from "@bourse/engine/scenario/scenario";
import { amounts, resources } from "./amount-forms.ts";
import {
  agentConfig,
  latency,
  masterConfig,
  type ShellText,
  sessionConfig,
  shell,
} from "./config-forms.ts";
import { duration, durationRange, period } from "./duration-forms.ts";
import { type Form, list, maybe, named, object, optional, required } from "./form.ts";
import { frameworkForm } from "./framework-forms.ts";
import { operationForm } from "./operation-forms.ts";
import {
  attributes,
  domain,
  flag,
  fraction,
  nodeName,
  oneOf,
  role,
  seed,
  text,
  weight,
  whole,
  wholeOr,
} from "./value-forms.ts";

/** A scenario as its file says it: what is left out there still depends on the rest. */
export interface ScenarioDocument {
  readonly name: string;
  readonly seed: string;
  readonly durationMs: number;
  readonly until?: "done" | "time";
  readonly liveness?: NonNullable<Scenario["end"]["liveness"]>;
  readonly latency: Scenario["latency"];
  readonly agents: Scenario["agents"];
  readonly roles: Scenario["roles"];
  readonly frameworks: Scenario["frameworks"];
  readonly operations: Scenario["operations"];
  readonly faults: FaultsText;
  readonly checks: CheckOptions;
  readonly master: Scenario["master"];
  readonly agentConfig: Scenario["agentConfig"];
  readonly sessionConfig: Scenario["sessionConfig"];
  readonly shell: ShellText;
}

/** `seed` left out: it follows from the scenario's and its position. */
export type FaultText = Omit<Fault, "seed"> & { readonly seed?: number };

export interface FaultsText {
  readonly list: readonly FaultText[];
  readonly random?: RandomFaultsText;
}

export interface RandomFaultsText {
  readonly everyMs: number;
  readonly lastMaxMs: number;
  readonly fromMs: number;
  readonly untilMs?: number;
  readonly kinds: readonly FaultKind[];
}

const containers: Form<ContainerSpec> = object<ContainerSpec>({
  startMs: optional(
    "start",
    durationRange,
    CONTAINER_DEFAULTS.startMs,
    "from the launch until it runs",
  ),
  stopMs: optional(
    "stop",
    durationRange,
    CONTAINER_DEFAULTS.stopMs,
    "from a stop until it has ended",
  ),
  launchFailures: optional(
    "launchFailures",
    fraction,
    CONTAINER_DEFAULTS.launchFailures,
    "of launches, the fraction that never runs",
  ),
});

const agentGroup: Form<AgentGroup> = named(
  "agents",
  object<AgentGroup>({
    name: required(
      "name",
      nodeName,
      "name-1, name-2, ... when there are several; their host names too",
    ),
    count: optional(
      "count",
      whole(1, 100_000),
      AGENT_GROUP_DEFAULTS.count,
      "machines of this shape",
    ),
    resources: required("resources", resources, "of one of them"),
    attributes: optional(
      "attributes",
      attributes,
      AGENT_GROUP_DEFAULTS.attributes,
      "of each of them",
    ),
    domains: optional(
      "domains",
      list(domain),
      AGENT_GROUP_DEFAULTS.domains,
      "region/zone; the machines go round them",
    ),
    startWithinMs: optional(
      "startWithin",
      duration,
      AGENT_GROUP_DEFAULTS.startWithinMs,
      "they start within so long, evenly",
    ),
    containers: optional(
      "containers",
      containers,
      AGENT_GROUP_DEFAULTS.containers,
      "how their containers behave",
    ),
  }),
);

const roleSetting: Form<RoleSetting> = object<RoleSetting>({
  role: required("role", role, "of the whole tree below it"),
  weightMilli: maybe("weight", weight, "against its siblings; 1 when left out"),
  guarantees: maybe("guarantee", amounts, "what it is promised"),
  limits: maybe("limit", amounts, "what it may use at most"),
});

const faultKind = oneOf(FAULT_KINDS);

const faultList = list(
  object<FaultText>({
    atMs: required("at", duration, "when"),
    kind: required("kind", faultKind, "what goes wrong"),
    lastMs: optional(
      "last",
      duration,
      10_000,
      "how long a process stays down, a partition lasts, a store is slow",
    ),
    targets: maybe(
      "targets",
      list(text, { minItems: 1 }),
      "names of the nodes that it strikes; chance picks when left out",
    ),
    others: maybe(
      "others",
      list(text, { minItems: 1 }),
      "of a partition, the other side; everybody else when left out",
    ),
    seed: maybe("seed", whole(0, 4_294_967_295), "decides what is not said here"),
  }),
);

const faultsObject = object<FaultsText>({
  list: optional("list", faultList, [], "faults at given times"),
  random: maybe(
    "random",
    object<RandomFaultsText>({
      everyMs: required("every", period, "between one and the next, on average"),
      lastMaxMs: required("last", period, "the longest that one lasts"),
      fromMs: optional("from", duration, 0, "the first comes after it"),
      untilMs: maybe(
        "until",
        duration,
        "the last comes before it; the end of the run when left out",
      ),
      kinds: optional(
        "kinds",
        list(faultKind, { minItems: 1 }),
        FAULT_KINDS,
        "which may come up; all when left out",
      ),
    }),
    "faults at random times, from the seed",
  ),
});

/** A list, or an object when chance has a part in it. */
const faults: Form<FaultsText> = {
  schema: {
    ...faultList.schema,
    ...faultsObject.schema,
    type: ["array", "object"],
    title: "a list of faults, or { random: ... }",
  },
  read: (value, place) =>
    Array.isArray(value) ? { list: faultList.read(value, place) } : faultsObject.read(value, place),
  write: (value) =>
    value.random === undefined ? faultList.write(value.list) : faultsObject.write(value),
};

const checks: Form<CheckOptions> = object<CheckOptions>({
  areOn: optional("on", flag, SCENARIO_DEFAULTS.checks.areOn, "off only to measure what they cost"),
  sweepEvery: optional(
    "sweepEvery",
    wholeOr("never", 1, 1_000_000_000),
    SCENARIO_DEFAULTS.checks.sweepEvery,
    "everything is looked at after so many inputs of the master",
  ),
  hasReloads: optional(
    "reloads",
    flag,
    SCENARIO_DEFAULTS.checks.hasReloads,
    "cores are replaced by copies of themselves, at random",
  ),
});

const LIVENESS = { withinMs: 180_000, stillMs: 20_000 } as const;

const { hasCrashes: _, ...SHELL_DEFAULTS } = SCENARIO_DEFAULTS.shell;

export const scenarioForm = object<ScenarioDocument>({
  name: optional("name", text, SCENARIO_DEFAULTS.name, "for people"),
  seed: optional(
    "seed",
    seed,
    SCENARIO_DEFAULTS.seed,
    "of all chance; the same seed gives the same run",
  ),
  durationMs: required("duration", period, "how long the run lasts at most, in virtual time"),
  until: maybe(
    "until",
    oneOf(["done", "time"] as const),
    "done: the run is also over when all tasks of loads are placed; by default when there are any",
  ),
  liveness: maybe(
    "liveness",
    object<NonNullable<Scenario["end"]["liveness"]>>({
      withinMs: optional("within", duration, LIVENESS.withinMs, "all must have come to rest"),
      stillMs: optional("still", duration, LIVENESS.stillMs, "and then stay so"),
    }),
    "at the end everything is repaired, and must come to rest",
  ),
  latency: optional("latency", latency, SCENARIO_DEFAULTS.latency, "of one message"),
  agents: required("agents", list(agentGroup, { minItems: 1 }), "the machines, by shape"),
  roles: optional("roles", list(roleSetting), [], "weights and quotas"),
  frameworks: optional("frameworks", list(frameworkForm), [], "who wants resources"),
  operations: optional("operations", list(operationForm), [], "what operators do, and when"),
  faults: optional("faults", faults, { list: [] }, "what goes wrong"),
  checks: optional("checks", checks, SCENARIO_DEFAULTS.checks, "which watch the run"),
  master: optional("master", masterConfig, {}, "what differs from the defaults of a live master"),
  agentConfig: optional(
    "agentConfig",
    agentConfig,
    {},
    "what differs from the defaults of a live agent",
  ),
  sessionConfig: optional(
    "sessionConfig",
    sessionConfig,
    {},
    "what differs from the defaults of a live framework",
  ),
  shell: optional(
    "shell",
    shell,
    SHELL_DEFAULTS,
    "how what lies between a core and the world behaves",
  ),
});
