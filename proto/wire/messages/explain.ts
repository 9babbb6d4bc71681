import {
  type AgentVerdict,
  CHECK_NAMES,
  type Check,
  type Decision,
  type Explanation,
  type Holder,
  type PendingFilter,
  type Relaxation,
  type RelaxedCheck,
  type RoleStanding,
} from "@bourse/model/explain";
import {
  AgentVerdictSchema,
  CheckSchema,
  DecisionSchema,
  DecisionWhatSchema,
  ExplanationSchema,
  HolderSchema,
  PendingFilterSchema,
  RelaxationSchema,
  RelaxedCheckSchema,
  RoleStanding_LimitSchema,
  RoleStandingSchema,
} from "#gen/bourse/v1/explain_pb";
import { record, union } from "../codec.ts";
import {
  bool,
  double,
  id,
  integer,
  list,
  nested,
  nullable,
  optional,
  text,
  word,
} from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { declineReasons } from "./offer.ts";
import { amounts } from "./quota.ts";
import { resources } from "./resource.ts";

const limit = record<RoleStanding["limits"][number]>(RoleStanding_LimitSchema, {
  role: id(),
  name: id(),
  limitMilli: integer(),
  consumedMilli: integer(),
});

const standing = record<RoleStanding>(RoleStandingSchema, {
  role: id(),
  isSuppressed: bool(),
  share: double(),
  position: integer(),
  of: integer(),
  weightMilli: integer(),
  fairShare: double(),
  unservedForMs: nullable(integer()),
  limits: list(nested(limit), LIMITS.amounts),
});

const check = record<Check>(CheckSchema, {
  name: word(CHECK_NAMES),
  role: optional(id()),
  isPassed: bool(),
  detail: optional(text(LIMITS.sentence)),
});

const holder = record<Holder>(HolderSchema, { frameworkId: id(), role: id(), resources });

const pendingFilter = record<PendingFilter>(PendingFilterSchema, {
  frameworkId: id(),
  role: id(),
  refused: resources,
  restMs: integer(),
});

const verdict = record<AgentVerdict>(AgentVerdictSchema, {
  agentId: id(),
  frameworkId: optional(id()),
  free: resources,
  checks: list(nested(check), LIMITS.rows),
  holders: list(nested(holder), LIMITS.rows),
  filters: list(nested(pendingFilter), LIMITS.rows),
});

const relaxed = record<RelaxedCheck>(RelaxedCheckSchema, {
  check: word(CHECK_NAMES),
  role: optional(id()),
  shortfalls: amounts,
});

const relaxation = record<Relaxation>(RelaxationSchema, {
  agentIds: list(id(), LIMITS.rows),
  changes: list(nested(relaxed), LIMITS.rows),
  text: text(LIMITS.sentence),
});

const cause = text(LIMITS.sentence);

const what = union<Decision["what"], "kind">(DecisionWhatSchema, "kind", {
  offered: { offerId: id(), agentId: id(), role: id(), resources },
  rescinded: { offerId: id(), agentId: id(), cause },
  declined: { offerId: id(), agentId: id(), refuseMs: integer(), reasons: declineReasons },
  launched: { agentId: id(), taskCount: integer() },
  dropped: { taskId: id(), cause },
  lost: { taskId: id(), agentId: id(), cause },
  withheld: { cause },
});

const decision = record<Decision>(DecisionSchema, { wallMs: integer(), what: nested(what) });

export const explanation = record<Explanation>(ExplanationSchema, {
  frameworkId: optional(id()),
  summary: text(LIMITS.sentence),
  roles: list(nested(standing), LIMITS.roles),
  agents: list(nested(verdict), LIMITS.rows),
  decisions: list(nested(decision), LIMITS.rows),
  relaxations: list(nested(relaxation), LIMITS.rows),
});
