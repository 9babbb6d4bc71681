import type { TimedOperation } from "@bourse/engine/scenario/scenario";
import type { MaintenanceWindow } from "@bourse/model/maintenance";
import type { OperatorCall } from "@bourse/model/operator";
import type { Quota, RoleWeight } from "@bourse/model/quota";
import { amounts } from "./amount-forms.ts";
import { duration } from "./duration-forms.ts";
import {
  cannotBeWritten,
  type Form,
  list,
  mapped,
  maybe,
  object,
  optional,
  required,
  tagged,
} from "./form.ts";
import { flag, nodeName, role, text, weight } from "./value-forms.ts";

const agent = required("agent", nodeName, "its name in this file");
const framework = required("framework", nodeName, "its name in this file");

const quota = object<Quota>({
  role: required("role", role, "of the whole tree below it"),
  guarantees: optional("guarantee", amounts, [], "what it is promised"),
  limits: optional("limit", amounts, [], "what it may use at most"),
});

const roleWeight = object<RoleWeight>({
  role: required("role", role, "of its siblings"),
  weightMilli: required("weight", weight, "1 is the default"),
});

/** Host names, as in Mesos' schedules. */
const machines = mapped(
  list(nodeName, { minItems: 1 }),
  (names) => names.map((hostname) => ({ hostname })),
  (value) => value.map(({ hostname }) => hostname),
);

type WindowText = Pick<MaintenanceWindow, "machines"> & MaintenanceWindow["unavailability"];

const window: Form<MaintenanceWindow> = mapped(
  object<WindowText>({
    machines: required("machines", machines, "names of agents"),
    startMs: required("start", duration, "from the beginning of the run"),
    durationMs: maybe("duration", duration, "for good when left out"),
  }),
  ({ machines: of, ...unavailability }) => ({ machines: of, unavailability }),
  ({ machines: of, unavailability }) => ({ machines: of, ...unavailability }),
);

type Call<K extends OperatorCall["kind"]> = Omit<
  Extract<OperatorCall, { readonly kind: K }>,
  "kind"
>;
/** An operation on resources by an operator has no words in a file yet. */
type Writable = Exclude<OperatorCall, { readonly kind: "operate" }>;

const calls = tagged<Pick<TimedOperation, "atMs">, Writable>(
  object({ atMs: required("at", duration, "when") }),
  {
    "deactivate-agent": object<Call<"deactivate-agent">>({ agentId: agent }),
    "reactivate-agent": object<Call<"reactivate-agent">>({ agentId: agent }),
    "teardown-framework": object<Call<"teardown-framework">>({ frameworkId: framework }),
    "kill-task": object<Call<"kill-task">>({
      frameworkId: framework,
      taskId: required("task", text, "its id"),
      gracePeriodMs: maybe("grace", duration, "until it is killed by force"),
    }),
    "update-quotas": object<Omit<Call<"update-quotas">, "isDryRun">>({
      quotas: required("quotas", list(quota, { minItems: 1 }), "all or none"),
      isForced: optional(
        "force",
        flag,
        false,
        "also when more is consumed than a new limit allows",
      ),
    }),
    "update-weights": object<Call<"update-weights">>({
      weights: required("weights", list(roleWeight, { minItems: 1 }), "of roles"),
    }),
    "update-maintenance-schedule": object<Call<"update-maintenance-schedule">>({
      windows: required("windows", list(window), "the whole schedule; it replaces the one before"),
    }),
    "start-maintenance": object<Call<"start-maintenance">>({
      machines: required("machines", machines, "they are down from now on"),
    }),
    "stop-maintenance": object<Call<"stop-maintenance">>({
      machines: required("machines", machines, "they are back"),
    }),
  },
);

export const operationForm: Form<TimedOperation> = mapped(
  calls,
  ([{ atMs }, call]): TimedOperation => ({ atMs, call }),
  ({ atMs, call }) => {
    if (call.kind === "operate")
      throw cannotBeWritten(`that an operator does ${call.operation.kind}`);
    return [{ atMs }, call] as const;
  },
);
