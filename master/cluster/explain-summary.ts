import type { OfferStanding, Tally } from "@bourse/allocator/explain";
import type { Role } from "@bourse/model/ids";
import type { AgentCondition } from "@bourse/model/operator";
import { formatResources, type Resources } from "@bourse/model/resources";
import type { Agent, ClusterState, Framework, Task } from "./state.ts";

/** One sentence that answers the question of an explanation: whether there are offers, and if not, what is closest. */
export function frameworkSummary(framework: Framework, standing: OfferStanding): string {
  const name = `framework ${framework.frameworkId}`;
  if (framework.session === null) return `${name} is not connected, so it gets no offers`;
  const { roles } = framework.info;
  const isSuppressed = roles.every((role) => framework.suppressedRoles.includes(role));
  if (isSuppressed) return `${name} asked for no offers: all its roles are suppressed`;
  const held = framework.offers.size;
  const holding =
    held === 0 ? "" : `${name} holds ${count(held, "offer")} that it has not answered; `;
  const served =
    framework.offersWanted === 0 ? `${name} got as many offers as it last asked for; ` : "";
  return `${holding}${served}${offersFor(name, standing)}`;
}

export function roleSummary(role: Role, frameworks: number, standing: OfferStanding): string {
  if (frameworks === 0)
    return `no framework is subscribed to role ${role} or one below it, so nothing is offered to it`;
  return offersFor(`role ${role} (${count(frameworks, "subscription")})`, standing);
}

export function shapeSummary(role: Role, wanted: Resources, standing: OfferStanding): string {
  return offersFor(`a task of role ${role} that needs ${formatResources(wanted)}`, standing);
}

export function agentSummary(
  { agentId }: Agent,
  condition: AgentCondition,
  { agents, relaxations, tally }: OfferStanding,
): string {
  const name = `agent ${agentId}`;
  if (condition === "unreachable" || condition === "recovering")
    return `${name} is ${condition}: nothing of it is offered until it is back`;
  if (tally.judged === 0) return `no framework is subscribed, so nothing of ${name} is offered`;
  const holders = agents[0]?.holders ?? [];
  const held =
    holders.length === 0
      ? ""
      : `; ${count(holders.length, "holder")}: ${shortened(
          holders
            .map(({ frameworkId, resources }) => `${frameworkId} ${formatResources(resources)}`)
            .join(", "),
          500,
        )}`;
  if (tally.ready > 0)
    return `${name} may be offered to ${count(tally.readyPairs, "framework")} in the next run${held}${leftOut(tally)}`;
  return `${name} can be offered to none of ${count(tally.judged, "framework")}: ${failuresOf(tally)}${closest(relaxations)}${held}${leftOut(tally)}`;
}

export function taskSummary(state: ClusterState, task: Task): string {
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

function offersFor(name: string, { tally, relaxations }: OfferStanding): string {
  if (tally.judged === 0) return `no agent is registered, so there is nothing to offer to ${name}`;
  const agents = count(tally.agents, "agent");
  if (tally.ready > 0)
    return `${name} may be offered ${tally.ready} of ${agents} in the next run${leftOut(tally)}`;
  return `none of ${agents} can be offered to ${name}: ${failuresOf(tally)}${closest(relaxations)}${leftOut(tally)}`;
}

/** `filter on 3, fits on 1`: how many fail each check. */
function failuresOf({ failures }: Tally): string {
  return failures.map(([name, times]) => `${name} on ${times}`).join(", ");
}

function closest(relaxations: OfferStanding["relaxations"]): string {
  const [first] = relaxations;
  return first === undefined ? "" : `; what would help: ${shortened(first.text, 1_000)}`;
}

/** Answers are bounded: what this one leaves out. */
function leftOut({ rows, judged, shown }: Tally): string {
  const unseen = rows === judged ? "" : `; only ${judged} of ${rows} rows were looked at`;
  const hidden = shown === judged ? "" : `; of ${judged} rows only the closest ${shown} are shown`;
  return `${unseen}${hidden}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

export function shortened(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 3)}...`;
}
