import {
  type AgentVerdict,
  CHECK_NAMES,
  type Check,
  type Decision,
  type Explanation,
  type RoleStanding,
} from "@bourse/model/explain";
import {
  AgentVerdictSchema,
  CheckSchema,
  DecisionSchema,
  DecisionWhatSchema,
  ExplanationSchema,
  RoleStandingSchema,
} from "#gen/bourse/v1/explain_pb";
import { record, union } from "../codec.ts";
import { bool, double, id, integer, list, nested, optional, text, word } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { declineReasons } from "./offer.ts";
import { resources } from "./resource.ts";

const standing = record<RoleStanding>(RoleStandingSchema, {
  role: id(),
  isSuppressed: bool(),
  share: double(),
  position: integer(),
  of: integer(),
});

const check = record<Check>(CheckSchema, {
  name: word(CHECK_NAMES),
  role: optional(id()),
  isPassed: bool(),
  detail: optional(text(LIMITS.sentence)),
});

const verdict = record<AgentVerdict>(AgentVerdictSchema, {
  agentId: id(),
  free: resources,
  checks: list(nested(check), LIMITS.rows),
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
  frameworkId: id(),
  summary: text(LIMITS.sentence),
  roles: list(nested(standing), LIMITS.roles),
  agents: list(nested(verdict), LIMITS.rows),
  decisions: list(nested(decision), LIMITS.rows),
});
