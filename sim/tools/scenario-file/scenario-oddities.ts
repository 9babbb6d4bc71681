import type { FaultKind } from "@bourse/engine/scenario/fault";
import type {
  BatchSpec,
  FrameworkSpec,
  PolicySpec,
  Scenario,
} from "@bourse/engine/scenario/scenario";
import { taskCountOf } from "@bourse/engine/scenario/scenario-size";
import { durationText } from "@bourse/model/duration-text";
import type { Amount } from "@bourse/model/quota";
import { formatMilli, type Resources, scalarMilli } from "@bourse/model/resources";
import { isRoleWithin } from "@bourse/model/role-name";
import type { Place } from "./form.ts";

/** After these a process starts again. */
const CRASHES: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "agent-crash",
  "framework-crash",
  "master-crash",
  "docker-failure",
  "rack-loss",
]);

/** What may be meant and hardly is: mostly work that would wait for ever. */
export function findOddities(scenario: Scenario, warnings: Place): void {
  const { frameworks, shell, faults, end } = scenario;
  if (frameworks.length === 0) warnings.refuse("no framework wants anything: nothing will run");
  else if (end.isWhenDone && taskCountOf(scenario) === 0)
    warnings.at("until").refuse("without a load all is done at once; write `until: time`");
  const areCrashes = faults.some(({ kind }) => CRASHES.has(kind));
  if (!shell.hasCrashes && (areCrashes || frameworks.some(({ flapping }) => flapping)))
    warnings
      .in("shell", "crashes")
      .refuse("processes will crash and have forgotten everything when they come back");
  for (const [index, spec] of frameworks.entries())
    lookAt(scenario, spec, warnings.in("frameworks", index));
}

function lookAt(scenario: Scenario, spec: FrameworkSpec, place: Place): void {
  const { policy } = spec;
  if (policy.kind === "batch") lookAtBatch(scenario, spec, policy, place);
  if (policy.kind !== "service" && policy.kind !== "greedy") return;
  if (scenario.end.liveness !== null && isEndless(policy))
    place.at("run").refuse("what ends is replaced for ever: the liveness phase will find no rest");
  const problem = waitsForEver(scenario, spec, policy.size);
  if (problem !== null) place.at("size").refuse(problem);
}

function lookAtBatch(
  scenario: Scenario,
  spec: FrameworkSpec,
  { load, placement, isClosedLoop }: BatchSpec,
  place: Place,
): void {
  const { agents, end } = scenario;
  const late = load.reduce((sum, { atMs, count }) => sum + (atMs < end.atMs ? 0 : count), 0);
  if (late > 0 && !isClosedLoop)
    place.at("load").refuse(`${late} tasks arrive after the end, ${durationText(end.atMs)}`);
  const longestMs = load.reduce((max, { runMs }) => Math.max(max, finite(runMs)), 0);
  if (end.liveness !== null && longestMs > end.liveness.withinMs)
    place
      .at("load")
      .refuse(`a task runs for ${durationText(longestMs)}, longer than the liveness phase`);
  const told = new Set<string>();
  const seen = new Set<readonly Amount[]>(); // Rows of a load file share their lists: millions of rows, some shapes.
  for (const [index, { amounts }] of load.entries()) {
    if (seen.has(amounts)) continue;
    seen.add(amounts);
    const problem = waitsForEver(scenario, spec, amounts);
    if (problem === null || told.has(problem)) continue;
    told.add(problem);
    place.in("load", index, "size").refuse(problem);
  }
  for (const [index, { attribute }] of placement.constraints.entries()) {
    if (agents.some((group) => group.attributes.some(({ name }) => name === attribute))) continue;
    place
      .in("placement", "constraints", index, "attribute")
      .refuse(`no agent has the attribute ${attribute}: nothing will be placed`);
  }
}

/** What runs for ever may go on in the liveness phase. */
function finite(runMs: number): number {
  return Number.isFinite(runMs) ? runMs : 0;
}

/** Its tasks end, and others take their place. */
function isEndless(policy: Extract<PolicySpec, { readonly kind: "service" | "greedy" }>): boolean {
  return Number.isFinite(policy.kind === "service" ? policy.runMs[0] : policy.runMs);
}

/** Why a task of these amounts will never be placed; null = it may. */
function waitsForEver(
  { agents, roles }: Scenario,
  spec: FrameworkSpec,
  amounts: readonly Amount[],
): string | null {
  const isHeld = agents.some(({ resources }) =>
    amounts.every(({ name, milli }) => heldMilli(resources, name) >= milli),
  );
  if (!isHeld) {
    const what = amounts
      .filter(({ name, milli }) => agents.every((one) => heldMilli(one.resources, name) < milli))
      .map(textOf);
    return `no agent has ${what.join(", ") || "all of this at once"}: such a task waits for ever`;
  }
  for (const { role, limits = [] } of roles) {
    if (!spec.roles.every((own) => isRoleWithin(own, role))) continue;
    const over = limits.find(({ name, milli }) => amountOf(amounts, name) > milli);
    if (over !== undefined)
      return `the limit of ${role} is ${textOf(over)}: such a task waits for ever`;
  }
  const areGuarded = agents.some(({ resources }) => scalarMilli(resources, "gpus") > 0);
  if (amountOf(amounts, "gpus") === 0 || !areGuarded) return null;
  if (spec.capabilities.includes("GPU_RESOURCES")) return null;
  return "without the capability GPU_RESOURCES it is not offered agents that have GPUs";
}

/** Whole GPUs may also be all of so many devices: scalars `gpu0`, `gpu1`, ... (LoadRow). */
function heldMilli(resources: Resources, name: string): number {
  const milli = scalarMilli(resources, name);
  if (name !== "gpus") return milli;
  const devices = resources.filter(
    (one) => /^gpu\d+$/.test(one.name) && scalarMilli(resources, one.name) >= 1_000,
  );
  return Math.max(milli, devices.length * 1_000);
}

function amountOf(amounts: readonly Amount[], name: string): number {
  return amounts.find((one) => one.name === name)?.milli ?? 0;
}

function textOf({ name, milli }: Amount): string {
  return `${formatMilli(milli)} ${name}`;
}
