import { SCENARIO_DEFAULTS } from "@bourse/engine/scenario/defaults";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import { CAPABILITIES } from "@bourse/model/framework";
import { resources } from "./amount-forms.ts";
import { duration, durationRange, patience } from "./duration-forms.ts";
import { cannotBeWritten, type Form, list, mapped, maybe, object, optional } from "./form.ts";
import { domain, flag, oneOf, role, text, whole } from "./value-forms.ts";

const count = whole(0, 1_000_000_000);
const sorter = oneOf(["drf", "random"]);

/** Absent member = the default of a live master. */
export const masterConfig: Form<Scenario["master"]> = object<Scenario["master"]>({
  allocationIntervalMs: maybe(
    "allocationInterval",
    duration,
    "between two runs of the allocator over all agents (1s)",
  ),
  offerTimeoutMs: maybe("offerTimeout", patience, "how long a framework may hold an offer (60s)"),
  agentPingIntervalMs: maybe("agentPingInterval", duration, "between two pings of an agent (15s)"),
  agentPingMissesMax: maybe(
    "agentPingMissesMax",
    count,
    "pings without an answer until an agent counts as out of reach (5)",
  ),
  agentReregisterTimeoutMs: maybe(
    "agentReregisterTimeout",
    duration,
    "how long known agents may take to return after a start of the master (10m)",
  ),
  frameworkHeartbeatMs: maybe(
    "frameworkHeartbeat",
    duration,
    "between two signs of life to a framework (15s)",
  ),
  failoverTimeoutDefaultMs: maybe(
    "failoverTimeoutDefault",
    duration,
    "for frameworks that ask for none (7d)",
  ),
  refuseDefaultMs: maybe(
    "refuseDefault",
    duration,
    "how long a refusal without a time counts (5s)",
  ),
  completedTasksMax: maybe("completedTasksMax", count, "ended tasks remembered for each framework"),
  completedFrameworksMax: maybe(
    "completedFrameworksMax",
    count,
    "removed frameworks of which all is kept",
  ),
  decisionsMax: maybe("decisionsMax", count, "decisions kept for each framework, to explain them"),
  whitelist: maybe(
    "whitelist",
    nullable(list(text)),
    "agents, by host name, of which there are offers; all when left out",
  ),
  minAllocatable: maybe(
    "minAllocatable",
    list(resources),
    "of one of these an offer must have as much",
  ),
  fairnessExcluded: maybe(
    "fairnessExcluded",
    list(text),
    "names of resources that count in no share",
  ),
  roleSorter: maybe("roleSorter", sorter, "how roles are put in order"),
  frameworkSorter: maybe("frameworkSorter", sorter, "how frameworks of one role are put in order"),
  domain: maybe("domain", nullable(domain), "region and zone of the master"),
});

export const agentConfig: Form<Scenario["agentConfig"]> = object<Scenario["agentConfig"]>({
  registrationBackoffMs: maybe(
    "registrationBackoff",
    duration,
    "the first wait for an answer to a registration (1s)",
  ),
  registrationBackoffMaxMs: maybe("registrationBackoffMax", duration, "the longest (1m)"),
  updateRetryMs: maybe(
    "updateRetry",
    duration,
    "until an update without an answer is sent again (10s)",
  ),
  updateRetryMaxMs: maybe("updateRetryMax", duration, "at most (10m)"),
  killRetryMs: maybe("killRetry", duration, "until a stop that hangs is tried again (5s)"),
  removeDelayMs: maybe("removeDelay", duration, "how long an ended container is kept (6h)"),
  endedContainersMax: maybe("endedContainersMax", count, "ended containers kept at most (1000)"),
});

/** What a file can say of sessions; the rest is for programs. */
type SessionTimes = Omit<Scenario["sessionConfig"], "suppressedRoles" | "offerConstraints">;

export const sessionConfig: Form<Scenario["sessionConfig"]> = mapped(
  object<SessionTimes>({
    heartbeatMissesMax: maybe(
      "heartbeatMissesMax",
      count,
      "heartbeats missed until a framework connects anew (5)",
    ),
    reconnectBackoffMs: maybe(
      "reconnectBackoff",
      duration,
      "the first wait before another connection (500ms)",
    ),
    reconnectBackoffMaxMs: maybe("reconnectBackoffMax", duration, "the longest (15s)"),
    offerDeadlineMs: maybe(
      "offerDeadline",
      duration,
      "offers not answered by then are declined (30s)",
    ),
    refuseUnansweredMs: maybe("refuseUnanswered", duration, "for how long they are declined (5s)"),
    reconcileMs: maybe("reconcile", duration, "the first wait for answers about tasks (5s)"),
    reconcileMaxMs: maybe("reconcileMax", duration, "the longest (5m)"),
    implicitReconcileMs: maybe(
      "implicitReconcile",
      duration,
      "between two questions about all tasks (15m)",
    ),
    subscribeTimeoutMs: maybe(
      "subscribeTimeout",
      duration,
      "how long a subscription may take (15s)",
    ),
  }),
  (times): Scenario["sessionConfig"] => times,
  ({ suppressedRoles, offerConstraints, ...times }) => {
    if (suppressedRoles !== undefined || offerConstraints !== undefined)
      throw cannotBeWritten("which offers all frameworks want");
    return times;
  },
);

const SHELL = SCENARIO_DEFAULTS.shell;

/** `hasCrashes` left out: what is stored is kept when something can crash. */
export type ShellText = Omit<Scenario["shell"], "hasCrashes"> & { readonly hasCrashes?: boolean };

export const shell: Form<ShellText> = object<ShellText>({
  isStrict: optional(
    "strict",
    flag,
    SHELL.isStrict,
    "look for writes to what must not change; costs time",
  ),
  hasCrashes: maybe(
    "crashes",
    flag,
    "what nodes store is kept; by default when there are faults or flapping frameworks",
  ),
  appendMaxMs: optional(
    "append",
    duration,
    SHELL.appendMaxMs,
    "an append to a disk takes up to so long",
  ),
  holdMaxMs: optional(
    "hold",
    duration,
    SHELL.holdMaxMs,
    "what needs no append is held back up to so long",
  ),
  turnMaxMs: optional(
    "turn",
    duration,
    SHELL.turnMaxMs,
    "a turn of the master's loop begins up to so long after its first input",
  ),
  connectMaxMs: optional(
    "connect",
    duration,
    SHELL.connectMaxMs,
    "who is not connected tries again after up to so long",
  ),
});

export const latency: Form<Scenario["latency"]> = mapped(
  durationRange,
  ([minMs, maxMs], place) => {
    if (!Number.isFinite(maxMs)) place.refuse("a message arrives some time; write a duration");
    return { minMs, maxMs };
  },
  ({ minMs, maxMs }) => [minMs, maxMs] as const,
);

export const capabilities = list(oneOf(CAPABILITIES));
export const roles = list(role);

function nullable<T>(form: Form<T>): Form<T | null> {
  const { type, ...schema } = form.schema;
  return {
    schema: { ...schema, type: [type, "null"] },
    read: (value, place) => (value === null ? null : form.read(value, place)),
    write: (value) => (value === null ? null : form.write(value)),
  };
}
