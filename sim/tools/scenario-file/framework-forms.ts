import {
  BATCH_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  GREEDY_DEFAULTS,
  HOARDER_DEFAULTS,
  IDLE_DEFAULTS,
  PLACEMENT_DEFAULTS,
  SERVICE_SPEC_DEFAULTS,
  VOLUMES_DEFAULTS,
} from "@bourse/engine/scenario/defaults";
import type {
  BatchSpec,
  FrameworkSpec,
  Placement,
  PlacementRule,
  PolicySpec,
  ServiceSpec,
  VolumesSpec,
} from "@bourse/engine/scenario/scenario";
import { amounts } from "./amount-forms.ts";
import { capabilities } from "./config-forms.ts";
import { duration, durationRange, lifetime, period } from "./duration-forms.ts";
import { type Form, list, mapped, maybe, object, optional, required, tagged } from "./form.ts";
import { load, TASKS_MAX } from "./load-forms.ts";
import { flag, fraction, nodeName, oneOf, role, text, whole, wholeOr } from "./value-forms.ts";

const RULES = [
  "first",
  "random",
  "spread",
  "best-fit",
  "dot-product",
  "gpu-packing",
  "gpu-clustering",
  "fragmentation",
] as const satisfies readonly PlacementRule[];

const placementObject = object<Placement>({
  rule: optional(
    "rule",
    oneOf(RULES),
    PLACEMENT_DEFAULTS.rule,
    "which of the offers in hand a task goes to",
  ),
  constraints: optional(
    "constraints",
    list(
      object<Placement["constraints"][number]>({
        attribute: required("attribute", text, "of agents"),
        oneOf: required("oneOf", list(text, { minItems: 1 }), "its values that will do"),
      }),
    ),
    [],
    "only agents with these attributes; all must hold",
  ),
});

/** Just the rule, or an object with constraints. */
const placement: Form<Placement> = {
  schema: {
    ...placementObject.schema,
    type: ["string", "object"],
    pattern: `^(${RULES.join("|")})$`,
    title: `one of ${RULES.join(", ")}, or an object with rule and constraints`,
  },
  read: (value, place) =>
    typeof value === "string"
      ? { rule: value as PlacementRule, constraints: [] }
      : placementObject.read(value, place),
  write: (value) => (value.constraints.length === 0 ? value.rule : placementObject.write(value)),
};

type FrameworkText = Omit<FrameworkSpec, "policy" | "roles" | "flapping"> & {
  readonly flapping?: NonNullable<FrameworkSpec["flapping"]>;
  readonly role?: FrameworkSpec["roles"][number];
  readonly roles?: FrameworkSpec["roles"];
};

const common = object<FrameworkText>({
  name: required("name", nodeName, "name-1, name-2, ... when there are several"),
  count: optional(
    "count",
    whole(1, 10_000),
    FRAMEWORK_DEFAULTS.count,
    "frameworks of this kind, each with the whole load",
  ),
  role: maybe("role", role, "in which it is offered resources; its name when left out"),
  roles: maybe("roles", list(role, { minItems: 1 }), "several roles instead of one"),
  capabilities: optional(
    "capabilities",
    capabilities,
    FRAMEWORK_DEFAULTS.capabilities,
    "as Mesos names them",
  ),
  failoverTimeoutMs: optional(
    "failoverTimeout",
    duration,
    FRAMEWORK_DEFAULTS.failoverTimeoutMs,
    "how long its tasks outlive its scheduler",
  ),
  startAtMs: optional("start", duration, FRAMEWORK_DEFAULTS.startAtMs, "when it subscribes"),
  flapping: maybe(
    "flapping",
    object<NonNullable<FrameworkSpec["flapping"]>>({
      upMs: required("up", period, "so long up, give or take a half"),
      downMs: required("down", period, "so long down, give or take a half"),
    }),
    "its scheduler dies and comes back",
  ),
});

const batch = object<Omit<BatchSpec, "kind">>({
  load: required(
    "load",
    load,
    "the tasks: a list of rows, the path of a load file from here, or { generate: ... }",
  ),
  placement: optional(
    "placement",
    placement,
    BATCH_DEFAULTS.placement,
    "which of the offers in hand a task goes to",
  ),
  tasksPerOfferMax: optional(
    "tasksPerOffer",
    whole(1, 10_000),
    BATCH_DEFAULTS.tasksPerOfferMax,
    "more of one offer is left to others",
  ),
  attemptsMax: optional(
    "attempts",
    wholeOr("unlimited", 1, 65_535),
    BATCH_DEFAULTS.attemptsMax,
    "of one task, the first included",
  ),
  failures: optional(
    "failures",
    fraction,
    BATCH_DEFAULTS.failures,
    "of attempts, the fraction that ends in failure after a part of its time",
  ),
  replaceUnreachableAfterMs: optional(
    "replaceUnreachableAfter",
    duration,
    BATCH_DEFAULTS.replaceUnreachableAfterMs,
    "a task out of reach for so long is tried again under a new id",
  ),
  isClosedLoop: optional(
    "closedLoop",
    flag,
    BATCH_DEFAULTS.isClosedLoop,
    "the next row arrives when the one before has ended, `at` after it",
  ),
});

const service = object<Omit<ServiceSpec, "kind">>({
  count: optional(
    "instances",
    whole(0, TASKS_MAX),
    SERVICE_SPEC_DEFAULTS.count,
    "how many it keeps",
  ),
  size: required("size", amounts, "what one instance takes"),
  ports: optional(
    "ports",
    whole(0, 1_000),
    SERVICE_SPEC_DEFAULTS.ports,
    "host ports of one instance",
  ),
  maxPerAgent: optional(
    "maxPerAgent",
    wholeOr("unlimited", 1, 10_000),
    SERVICE_SPEC_DEFAULTS.maxPerAgent,
    "instances on one agent",
  ),
  replaceUnreachableAfterMs: optional(
    "replaceUnreachableAfter",
    duration,
    SERVICE_SPEC_DEFAULTS.replaceUnreachableAfterMs,
    "an instance out of reach counts as running for so long",
  ),
  scales: optional(
    "scales",
    list(
      object<ServiceSpec["scales"][number]>({
        atMs: required("at", duration, "when"),
        count: required("instances", whole(0, TASKS_MAX), "how many it keeps from then on"),
      }),
    ),
    SERVICE_SPEC_DEFAULTS.scales,
    "told to keep more or fewer",
  ),
  runMs: optional("run", durationRange, SERVICE_SPEC_DEFAULTS.runMs, "how long one instance lives"),
  config: maybe(
    "config",
    object<NonNullable<ServiceSpec["config"]>>({
      refuseMs: maybe("refuse", duration, "for how long an offer without use is refused (2m)"),
      reviveIntervalMs: maybe("reviveInterval", duration, "between two revives (5s)"),
      backoffMs: maybe("backoff", duration, "the first wait after a failure (1s)"),
      backoffMaxMs: maybe("backoffMax", duration, "the longest (5m)"),
    }),
    "of its own times, what differs from the service that is shipped",
  ),
});

const volumes = object<Omit<VolumesSpec, "kind">>({
  untilMs: optional(
    "until",
    lifetime,
    VOLUMES_DEFAULTS.untilMs,
    "from then on it only takes back what it made",
  ),
  volumesMax: optional(
    "volumesMax",
    whole(0, 1_000),
    VOLUMES_DEFAULTS.volumesMax,
    "volumes of one offer",
  ),
  tasksMax: optional("tasksMax", whole(0, 10_000), VOLUMES_DEFAULTS.tasksMax, "tasks at once"),
  hasSharedVolumes: optional(
    "sharedVolumes",
    flag,
    VOLUMES_DEFAULTS.hasSharedVolumes,
    "some volumes have several tasks",
  ),
});

type Kind<K extends PolicySpec["kind"]> = Omit<Extract<PolicySpec, { readonly kind: K }>, "kind">;

const policies = tagged<FrameworkText, PolicySpec>(common, {
  batch,
  service,
  volumes,
  greedy: object<Kind<"greedy">>({
    size: optional(
      "size",
      amounts,
      GREEDY_DEFAULTS.size,
      "of one of the tasks that it fills every offer with",
    ),
    runMs: optional("run", lifetime, GREEDY_DEFAULTS.runMs, "how long each runs"),
  }),
  idle: object<Kind<"idle">>({
    refuseMs: optional(
      "refuse",
      duration,
      IDLE_DEFAULTS.refuseMs,
      "it declines everything for so long",
    ),
    isSuppressed: optional(
      "suppressed",
      flag,
      IDLE_DEFAULTS.isSuppressed,
      "it wants no offers at all",
    ),
  }),
  hoarder: object<Kind<"hoarder">>({
    holdMs: optional(
      "hold",
      lifetime,
      HOARDER_DEFAULTS.holdMs,
      "it sits on every offer for so long",
    ),
  }),
});

export const frameworkForm: Form<FrameworkSpec> = mapped(
  policies,
  ([{ role, roles, flapping, ...spec }, policy], place): FrameworkSpec => {
    if (role !== undefined && roles !== undefined)
      place.at("roles").refuse("either role or roles, not both");
    return {
      ...spec,
      roles: roles ?? [role ?? spec.name],
      policy,
      flapping: flapping ?? null,
    };
  },
  ({ policy, roles, flapping, ...spec }): readonly [FrameworkText, PolicySpec] => [
    {
      ...spec,
      ...rolesText(spec.name, roles),
      ...(flapping === null ? {} : { flapping }),
    },
    policy,
  ],
);

function rolesText(name: string, roles: FrameworkSpec["roles"]) {
  const [first, ...more] = roles;
  if (first === undefined || more.length > 0) return { roles };
  return first === name ? {} : { role: first };
}
