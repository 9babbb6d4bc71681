import { randomFaults } from "@bourse/engine/faults/random-faults";
import type { Fault } from "@bourse/engine/scenario/fault";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import { taskCountOf } from "@bourse/engine/scenario/scenario-size";
import { Random } from "@bourse/model/random";
import type { FaultsText, ScenarioDocument } from "./scenario-form.ts";

/** The scenario that a document says: what it leaves open follows from the rest. */
export function scenarioOf(document: ScenarioDocument): Scenario {
  const { durationMs, until, liveness, shell, ...rest } = document;
  const end = {
    atMs: durationMs,
    isWhenDone: until === undefined ? taskCountOf(rest) > 0 : until === "done",
    liveness: liveness ?? null,
  };
  const faults = faultsOf(document.faults, document.seed, durationMs);
  const mayCrash = faults.length > 0 || rest.frameworks.some(({ flapping }) => flapping !== null);
  return { ...rest, end, faults, shell: { hasCrashes: mayCrash, ...shell } };
}

/** The document that says exactly this scenario; nothing in it is left to chance. */
export function documentOf(scenario: Scenario): ScenarioDocument {
  const { end, faults, shell, ...rest } = scenario;
  const { hasCrashes, ...plainShell } = shell;
  const mayCrash = faults.length > 0 || rest.frameworks.some(({ flapping }) => flapping !== null);
  const isWhenDoneUnsaid = taskCountOf(scenario) > 0;
  return {
    ...rest,
    durationMs: end.atMs,
    ...(end.isWhenDone === isWhenDoneUnsaid ? {} : { until: end.isWhenDone ? "done" : "time" }),
    ...(end.liveness === null ? {} : { liveness: end.liveness }),
    faults: { list: faults },
    shell: hasCrashes === mayCrash ? plainShell : shell,
  };
}

function faultsOf({ list, random }: FaultsText, seed: string, endMs: number): readonly Fault[] {
  const listed = list.map((fault, index): Fault => {
    return { seed: Random.fromSeed(`${seed}/fault-${index}`).uint32(), ...fault };
  });
  if (random === undefined) return listed;
  const { untilMs = endMs, ...options } = random;
  const chance = Random.fromSeed(`${seed}/faults`);
  const drawn = randomFaults(chance, { ...options, untilMs });
  return [...listed, ...drawn].sort((a, b) => a.atMs - b.atMs);
}
