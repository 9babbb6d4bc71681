import { compileRole } from "@bourse/allocator/constraints";
import type { OfferStanding } from "@bourse/allocator/explain";
import type { ExplainQuestion } from "@bourse/allocator/explain-candidate";
import type { ErrorCode } from "@bourse/model/errors";
import type { Explanation } from "@bourse/model/explain";
import type { AgentId, FrameworkId, Role } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { ExplainSubject, OperatorView } from "@bourse/model/operator";
import type { Resources } from "@bourse/model/resources";
import { isRoleWithin, roleNameProblem } from "@bourse/model/role-name";
import { conditionOf } from "./agents.ts";
import { areOffersHeld } from "./allocation.ts";
import { decisionsOfTask } from "./decisions.ts";
import { inactivityOf } from "./explain-agent.ts";
import {
  agentSummary,
  frameworkSummary,
  roleSummary,
  shapeSummary,
  shortened,
  taskSummary,
} from "./explain-summary.ts";
import type { Agent, ClusterState, Framework } from "./state.ts";

type Subject<Kind extends ExplainSubject["kind"]> = Extract<ExplainSubject, { kind: Kind }>;

/**
 * Why somebody has or lacks offers, and why a task is where it is (FEATURES A-1, N-01). The allocator says what it
 * would do with every agent; the decisions say what was done, with the framework's own reasons for declining. An
 * answer shows at most so many agents (`VERDICTS_MAX`) and says how many it left out.
 */
export function explain(state: ClusterState, now: Now, subject: ExplainSubject): OperatorView {
  const view = answerTo(state, now, subject);
  if (view.kind !== "explanation") return view;
  const { explanation } = view;
  const summary = shortened(`${heldBack(state)}${explanation.summary}`, SUMMARY_MAX);
  return answered({ ...explanation, summary });
}

/** A sentence of the wire has 4,096 characters, and a task's own message may have as many. */
const SUMMARY_MAX = 4_000;

function heldBack(state: ClusterState): string {
  if (!areOffersHeld(state)) return "";
  const { awaited, recovering } = state.counters;
  return `no offers are made yet: there is quota, and ${awaited - recovering} of ${awaited} agents are back since the master's start; `;
}

function answerTo(state: ClusterState, now: Now, subject: ExplainSubject): OperatorView {
  switch (subject.kind) {
    case "framework":
    case "task": {
      const framework = state.frameworks.get(subject.frameworkId);
      if (framework === undefined) return unknownFramework(state, subject.frameworkId);
      const explanation =
        subject.kind === "task"
          ? explainTask(state, now, framework, subject.taskId)
          : explainFramework(state, now, framework, subject.wanted);
      return { kind: "explanation", explanation };
    }
    case "role":
      return explainRole(state, now, subject.role);
    case "agent": {
      const agent = state.agents.get(subject.agentId);
      return agent === undefined
        ? refused("not_found", `agent ${subject.agentId} is not known`, "`bourse agent ls`")
        : { kind: "explanation", explanation: explainAgent(state, now, agent) };
    }
    case "shape":
      return explainShape(state, now, subject);
  }
}

function explainFramework(
  state: ClusterState,
  now: Now,
  framework: Framework,
  wanted: Resources | undefined,
): Explanation {
  const { frameworkId } = framework;
  const question = wanted === undefined ? { frameworkId } : { frameworkId, wanted };
  const standing = ask(state, now, { kind: "framework", ...question });
  return {
    frameworkId,
    summary: frameworkSummary(framework, standing),
    ...dataOf(standing),
    decisions: framework.decisions.toArray(),
  };
}

function explainTask(
  state: ClusterState,
  now: Now,
  framework: Framework,
  taskId: string,
): Explanation {
  const { frameworkId } = framework;
  const task =
    framework.tasks.get(taskId) ??
    framework.completedTasks.toArray().findLast(({ info }) => info.taskId === taskId);
  const decisions = decisionsOfTask(framework, taskId);
  if (task !== undefined) {
    const summary = taskSummary(state, task);
    return { frameworkId, summary, roles: [], agents: [], relaxations: [], decisions };
  }
  const standing = explainFramework(state, now, framework, undefined);
  const dropped = decisions.findLast(({ what }) => what.kind === "dropped");
  const summary =
    dropped?.what.kind === "dropped"
      ? `task ${taskId} was not launched: ${dropped.what.cause}`
      : `the master does not know task ${taskId}: what framework ${frameworkId} has not launched yet, only the framework knows. Ask it, or ask what a task like it would need with \`bourse explain shape --role ${framework.info.roles[0] ?? "*"} 'cpus:1;mem:64'\`. As for offers: ${standing.summary}`;
  return { ...standing, summary, decisions: dropped ? decisions : standing.decisions };
}

function explainRole(state: ClusterState, now: Now, role: Role): OperatorView {
  const problem = roleNameProblem(role);
  if (problem !== undefined)
    return refused("invalid_call", `role ${JSON.stringify(role)}: ${problem}`, "`bourse role ls`");
  const known = state.allocator.roles(now);
  const found = known.find((one) => one.role === role);
  if (found === undefined)
    return refused(
      "not_found",
      `role ${role} is not known: no framework has it, and it has no quota, weight or reservation`,
      "`bourse role ls`",
    );
  const standing = ask(state, now, { kind: "role", role });
  const frameworks = known
    .filter((one) => isRoleWithin(one.role, role))
    .reduce((sum, { frameworkIds }) => sum + frameworkIds.length, 0);
  return answered({
    summary: roleSummary(role, frameworks, standing),
    ...dataOf(standing),
    decisions: [],
  });
}

function explainAgent(state: ClusterState, now: Now, agent: Agent): Explanation {
  const { agentId } = agent;
  const standing = ask(state, now, { kind: "agent", agentId });
  return {
    summary: agentSummary(agent, conditionOf(agent), standing),
    ...dataOf(standing),
    decisions: [],
  };
}

function explainShape(
  state: ClusterState,
  now: Now,
  { role, wanted, constraints, capabilities }: Subject<"shape">,
): OperatorView {
  const problem = roleNameProblem(role);
  if (problem !== undefined)
    return refused("invalid_call", `role ${JSON.stringify(role)}: ${problem}`, "`bourse role ls`");
  const compiled = constraints === undefined ? undefined : compileRole(constraints);
  if (typeof compiled === "string")
    return refused("invalid_call", `constraints: ${compiled}`, "`bourse explain shape --help`");
  const standing = ask(state, now, {
    kind: "shape",
    role,
    wanted,
    ...(constraints !== undefined && { constraints }),
    ...(capabilities !== undefined && { capabilities }),
  });
  return answered({
    summary: shapeSummary(role, wanted, standing),
    ...dataOf(standing),
    decisions: [],
  });
}

function ask(state: ClusterState, now: Now, question: ExplainQuestion): OfferStanding {
  const inactivity = (agentId: AgentId) => inactivityOf(state, agentId);
  return state.allocator.explain({ ...question, inactivityOf: inactivity }, now);
}

function dataOf({ roles, agents, relaxations }: OfferStanding) {
  return { roles, agents, relaxations };
}

function answered(explanation: Explanation): OperatorView {
  return { kind: "explanation", explanation };
}

function unknownFramework(state: ClusterState, frameworkId: FrameworkId): OperatorView {
  const isCompleted = state.completedFrameworks.has(frameworkId);
  const message = isCompleted
    ? `framework ${frameworkId} was removed: it gets no offers and its tasks were killed`
    : `framework ${frameworkId} is not known`;
  return refused("not_found", message, "`bourse framework ls`");
}

function refused(code: ErrorCode, message: string, command: string): OperatorView {
  const verb = code === "not_found" ? "list what there is with" : "see";
  return { kind: "refused", refusal: { code, message, hint: `${verb} ${command}` } };
}
