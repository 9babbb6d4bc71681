import { namesOf } from "@bourse/engine/scenario/build-world";
import type { Scenario, TimedOperation } from "@bourse/engine/scenario/scenario";
import { agentCountOf, taskCountOf } from "@bourse/engine/scenario/scenario-size";
import { durationText } from "@bourse/model/duration-text";
import type { Amount } from "@bourse/model/quota";
import { formatMilli } from "@bourse/model/resources";
import type { Place } from "./form.ts";
import { TASKS_MAX } from "./load-forms.ts";
import type { ScenarioDocument } from "./scenario-form.ts";
import { findOddities } from "./scenario-oddities.ts";
import { didYouMean } from "./suggestion.ts";

export interface Findings {
  readonly errors: Place;
  readonly warnings: Place;
}

/** As many as `--agents` takes. */
const AGENTS_MAX = 100_000;

/** What a scenario says that cannot be meant, though each part by itself may stand. */
export function checkMeaning(
  scenario: Scenario,
  { faults }: Pick<ScenarioDocument, "faults">,
  findings: Findings,
): void {
  const names = new Names(scenario, findings.errors);
  checkSize(scenario, findings);
  checkTimes(scenario, findings);
  checkFaults(faults, scenario.end.atMs, names, findings.errors.at("faults"));
  for (const [index, { guarantees, limits, role }] of scenario.roles.entries()) {
    const place = findings.errors.in("roles", index);
    checkQuota(guarantees ?? [], limits ?? [], place);
    if (scenario.roles.findIndex((one) => one.role === role) < index)
      place.at("role").refuse(`${role} stands here twice`);
  }
  for (const [index, { call }] of scenario.operations.entries())
    checkOperation(call, names, findings.errors.in("operations", index));
  findOddities(scenario, findings.warnings);
}

/** Everybody who can be named: master, agents, frameworks. */
class Names {
  readonly agents = new Set<string>();
  readonly frameworks = new Set<string>();
  readonly all = new Set<string>(["master"]);

  constructor({ agents, frameworks }: Scenario, errors: Place) {
    for (const [index, group] of agents.entries())
      this.#add(group, this.agents, errors.in("agents", index, "name"));
    for (const [index, spec] of frameworks.entries())
      this.#add(spec, this.frameworks, errors.in("frameworks", index, "name"));
  }

  #add(group: { name: string; count: number }, kind: Set<string>, place: Place): void {
    for (const name of namesOf(group)) {
      if (this.all.has(name)) {
        place.refuse(`there are two that are called ${name}`);
        return;
      }
      this.all.add(name);
      kind.add(name);
    }
  }
}

function checkSize(scenario: Scenario, { errors }: Findings): void {
  const [agents, tasks] = [agentCountOf(scenario), taskCountOf(scenario)];
  if (agents > AGENTS_MAX)
    errors.at("agents").refuse(`these are ${agents} agents, at most ${AGENTS_MAX} are possible`);
  if (tasks > TASKS_MAX)
    errors.at("frameworks").refuse(`these are ${tasks} tasks, at most ${TASKS_MAX} are possible`);
}

/** Nothing that is planned may lie behind the end. */
function checkTimes(scenario: Scenario, { errors }: Findings): void {
  const endMs = scenario.end.atMs;
  for (const [index, { atMs }] of scenario.operations.entries())
    checkTime(atMs, endMs, errors.in("operations", index, "at"));
  for (const [index, { startAtMs, policy }] of scenario.frameworks.entries()) {
    checkTime(startAtMs, endMs, errors.in("frameworks", index, "start"));
    if (policy.kind === "service") {
      for (const [scale, { atMs }] of policy.scales.entries())
        checkTime(atMs, endMs, errors.in("frameworks", index, "scales", scale, "at"));
    }
  }
}

function checkQuota(guarantees: readonly Amount[], limits: readonly Amount[], place: Place): void {
  for (const { name, milli } of guarantees) {
    const limit = limits.find((one) => one.name === name);
    if (limit === undefined || milli <= limit.milli) continue;
    const [promised, most] = [formatMilli(milli), formatMilli(limit.milli)];
    place
      .in("guarantee", name)
      .refuse(`${promised} ${name} are promised, above the limit of ${most}`);
  }
}

function checkOperation(call: TimedOperation["call"], names: Names, place: Place): void {
  switch (call.kind) {
    case "deactivate-agent":
    case "reactivate-agent":
      checkName(call.agentId, names.agents, "agent", place.at("agent"));
      return;
    case "teardown-framework":
    case "kill-task":
      checkName(call.frameworkId, names.frameworks, "framework", place.at("framework"));
      return;
    case "update-quotas":
      for (const [index, { guarantees, limits }] of call.quotas.entries())
        checkQuota(guarantees, limits, place.in("quotas", index));
      return;
    case "start-maintenance":
    case "stop-maintenance":
      checkMachines(call.machines, names, place.at("machines"));
      return;
    case "update-maintenance-schedule":
      for (const [index, { machines }] of call.windows.entries())
        checkMachines(machines, names, place.in("windows", index, "machines"));
      return;
  }
}

function checkMachines(
  machines: readonly { readonly hostname: string }[],
  names: Names,
  place: Place,
): void {
  for (const [index, { hostname }] of machines.entries())
    checkName(hostname, names.agents, "agent", place.at(index));
}

function checkFaults(
  { list, random }: ScenarioDocument["faults"],
  endMs: number,
  names: Names,
  place: Place,
): void {
  const listed = random === undefined ? place : place.at("list");
  for (const [index, { atMs, targets, others }] of list.entries()) {
    checkTime(atMs, endMs, listed.in(index, "at"));
    for (const [key, nodes] of [
      ["targets", targets],
      ["others", others],
    ] as const) {
      for (const [position, name] of (nodes ?? []).entries())
        checkName(name, names.all, "node", listed.in(index, key, position));
    }
  }
  if (random === undefined) return;
  const { untilMs } = random;
  if (untilMs !== undefined && untilMs > endMs)
    place.in("random", "until").refuse(notBefore(untilMs, endMs));
}

function checkTime(atMs: number, endMs: number, place: Place): void {
  if (atMs >= endMs) place.refuse(notBefore(atMs, endMs));
}

function notBefore(atMs: number, endMs: number): string {
  return `${durationText(atMs)} is not before the end, ${durationText(endMs)}`;
}

function checkName(name: string, known: ReadonlySet<string>, what: string, place: Place): void {
  if (known.has(name)) return;
  place.refuse(`there is no ${what} ${name}${didYouMean(name, Array.from(known))}`);
}
