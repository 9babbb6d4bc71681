import type { AgentVerdict, Explanation } from "@bourse/model/explain";
import type { Now } from "@bourse/model/now";
import type { ExplainSubject, OperatorView } from "@bourse/model/operator";
import type { Resources } from "@bourse/model/resources";
import { decisionsOfTask } from "./decisions.ts";
import type { ClusterState, Framework, Task } from "./state.ts";

/**
 * Why a framework has or lacks offers, and why a task is where it is (FEATURES A-1, N-01). The allocator says what
 * it would do with every agent; the decisions say what was done, with the framework's own reasons for declining.
 */
export function explain(state: ClusterState, now: Now, subject: ExplainSubject): OperatorView {
  if (subject.kind !== "framework" && subject.kind !== "task") {
    const message = `this master cannot explain a ${subject.kind} yet`;
    return { kind: "refused", refusal: { code: "unsupported", message } };
  }
  const framework = state.frameworks.get(subject.frameworkId);
  if (framework === undefined) return refuse(state, subject.frameworkId);
  const explanation =
    subject.kind === "task"
      ? explainTask(state, now, framework, subject.taskId)
      : explainFramework(state, now, framework, subject.wanted);
  return { kind: "explanation", explanation };
}

function explainFramework(
  state: ClusterState,
  now: Now,
  framework: Framework,
  wanted: Resources | undefined,
): Explanation {
  const { frameworkId } = framework;
  const question = wanted === undefined ? { frameworkId } : { frameworkId, wanted };
  const { roles, agents } = state.allocator.explain(question, now);
  return {
    frameworkId,
    summary: summaryOf(framework, agents),
    roles,
    agents,
    relaxations: [],
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
  const live = framework.tasks.get(taskId);
  const old =
    live ?? framework.completedTasks.toArray().findLast(({ info }) => info.taskId === taskId);
  const decisions = decisionsOfTask(framework, taskId);
  if (old !== undefined) {
    const summary = taskSummary(state, old);
    return { frameworkId, summary, roles: [], agents: [], relaxations: [], decisions };
  }
  const standing = explainFramework(state, now, framework, undefined);
  const dropped = decisions.findLast(({ what }) => what.kind === "dropped");
  const what =
    dropped?.what.kind === "dropped"
      ? `task ${taskId} was not launched: ${dropped.what.cause}`
      : `framework ${frameworkId} has not launched task ${taskId}; ${standing.summary}`;
  return { ...standing, summary: what, decisions: dropped ? decisions : standing.decisions };
}

function taskSummary(state: ClusterState, task: Task): string {
  const last = task.statuses.at(-1);
  const name = `task ${task.info.taskId} is ${task.state} on agent ${task.agentId}`;
  const details = [last?.message, last?.reason].filter((text) => text !== undefined);
  const agent = state.agents.get(task.agentId);
  if (agent?.condition === "disconnected") {
    details.push("the agent is disconnected, so this may be out of date");
  }
  if (task.state === "TASK_STAGING" && last === undefined) {
    details.push("it was sent to the agent, which has not spoken of it yet");
  }
  return details.length === 0 ? name : `${name}: ${details.join("; ")}`;
}

function summaryOf(framework: Framework, agents: readonly AgentVerdict[]): string {
  const name = `framework ${framework.frameworkId}`;
  if (framework.session === null) return `${name} is not connected, so it gets no offers`;
  const { roles } = framework.info;
  const isSuppressed = roles.every((role) => framework.suppressedRoles.includes(role));
  if (isSuppressed) return `${name} asked for no offers: all its roles are suppressed`;
  const held = framework.offers.size;
  const holding =
    held === 0 ? "" : `${name} holds ${count(held, "offer")} that it has not answered; `;
  if (agents.length === 0) return `${holding}no agent is registered, so there is nothing to offer`;
  const ready = agents.filter((verdict) => failures(verdict).length === 0).length;
  if (ready > 0) return `${holding}${name} may be offered ${count(ready, "agent")} in the next run`;
  return `${holding}none of ${count(agents.length, "agent")} can be offered to ${name}: ${commonFailures(agents)}; the closest is ${closest(agents)}`;
}

/** `filter on 3, fits on 1`: how many agents fail each check. */
function commonFailures(agents: readonly AgentVerdict[]): string {
  const counts = new Map<string, number>();
  for (const verdict of agents) {
    const names = new Set(failures(verdict).map(({ name }) => name));
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = Array.from(counts).sort((a, b) => b[1] - a[1]);
  return sorted.map(([name, times]) => `${name} on ${times}`).join(", ");
}

/** The smallest change that would help: the agent that fails fewest checks, with what it says. */
function closest(agents: readonly AgentVerdict[]): string {
  let best = agents[0] as AgentVerdict;
  for (const verdict of agents) {
    if (failures(verdict).length < failures(best).length) best = verdict;
  }
  const details = failures(best).map(({ name, detail }) => detail ?? name);
  return `agent ${best.agentId} (${details.join("; ")})`;
}

function failures({ checks }: AgentVerdict) {
  return checks.filter(({ isPassed }) => !isPassed);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function refuse(state: ClusterState, frameworkId: string): OperatorView {
  const isCompleted = state.completedFrameworks.has(frameworkId);
  const message = isCompleted
    ? `framework ${frameworkId} was removed: it gets no offers and its tasks were killed`
    : `framework ${frameworkId} is not known`;
  const hint = "list what there is with `bourse framework ls`";
  return { kind: "refused", refusal: { code: "not_found", message, hint } };
}
