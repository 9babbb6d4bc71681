import { BatchPolicy } from "@bourse/engine/frameworks/batch-policy";
import { GPU_MODEL_ATTRIBUTE } from "@bourse/engine/frameworks/free-space";
import {
  AGENT_GROUP_DEFAULTS,
  BATCH_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  SCENARIO_DEFAULTS,
} from "@bourse/engine/scenario/defaults";
import { ScenarioRun } from "@bourse/engine/scenario/run-scenario";
import type { AgentGroup, PlacementRule, Scenario } from "@bourse/engine/scenario/scenario";
import { assert } from "@bourse/model/assert";
import { Random } from "@bourse/model/random";
import { canonical, scalar } from "@bourse/model/resources";
import { gpuMilliOf, type OpenbNode, type OpenbPod, rowOf } from "./openb-trace.ts";

export interface OpenbOptions {
  readonly nodes: readonly OpenbNode[];
  /** Of the list, in its order. */
  readonly pods: readonly OpenbPod[];
  readonly rule: PlacementRule;
  readonly seed: number;
  /** GPUs wanted in the end, as a multiple of those there are. */
  readonly inflation: number;
}

/** GPUs given to pods by the demand that has arrived, both in percent of all GPUs. */
export interface OpenbResult {
  readonly pods: number;
  readonly placed: number;
  readonly violations: number;
  /** At index n: while the demand that had arrived rounded to n percent, on average; NaN = it never did. */
  readonly allocatedAt: readonly number[];
}

/** Everybody has registered by then: agents come with jitter of about two seconds (FEATURES M-45). */
const ARRIVAL_MS = 5_000;

/**
 * One run of the published comparison (CASES section 6) through the real master: a framework with the pods in its
 * queue is offered the whole cluster, and places them one after the other. Nothing departs.
 */
export function runOpenb(options: OpenbOptions): OpenbResult {
  const arrivals = arrivalsOf(options);
  const scenario = openbScenario(options, arrivals);
  const run = new ScenarioRun(scenario, { stopwatch: () => 0 });
  while (run.step());
  const policy = run.world.frameworks[0]?.policy;
  assert(policy instanceof BatchPolicy, "the study has one batch framework");
  const report = run.report();
  return {
    pods: arrivals.length,
    placed: policy.placedCount,
    violations: report.violations.length,
    allocatedAt: allocatedAt(options.nodes, arrivals, (index) => policy.isPlaced(index)),
  };
}

/**
 * The pods of the list in random order, then pods drawn from it until the next would exceed the wanted demand: how the
 * published comparison inflates the trace.
 */
export function arrivalsOf({ nodes, pods, seed, inflation }: OpenbOptions): readonly OpenbPod[] {
  const random = Random.fromSeed(`openb/${seed}`);
  const arrivals = random.fork("order").shuffle(pods.slice());
  const more = random.fork("inflation");
  const wantedMilli = inflation * gpuCapacityMilli(nodes);
  let milli = arrivals.reduce((sum, pod) => sum + gpuMilliOf(pod), 0);
  for (;;) {
    const pod = more.pick(pods);
    if (milli + pod.gpuMilli > wantedMilli) return arrivals;
    arrivals.push(pod);
    milli += gpuMilliOf(pod);
  }
}

export function openbScenario(
  { nodes, rule, seed }: OpenbOptions,
  arrivals: readonly OpenbPod[],
): Scenario {
  const load = arrivals.map((pod) => rowOf(pod, ARRIVAL_MS));
  return {
    ...SCENARIO_DEFAULTS,
    name: `openb/${rule}/${seed}`,
    seed: String(seed),
    // What does not fit never will: a few seconds are enough for what does.
    end: { atMs: ARRIVAL_MS + 15_000, isWhenDone: false, liveness: null },
    agents: agentGroups(nodes),
    frameworks: [
      {
        ...FRAMEWORK_DEFAULTS,
        name: "openb",
        roles: ["openb"],
        policy: {
          ...BATCH_DEFAULTS,
          load,
          placement: { rule, constraints: [] },
          tasksPerOfferMax: Number.POSITIVE_INFINITY,
        },
      },
    ],
  };
}

/** Each machine under its own name: of agents that are equally good the first by name is taken. */
function agentGroups(nodes: readonly OpenbNode[]): readonly AgentGroup[] {
  return nodes.map(({ name, cpuMilli, memMib, gpus, model }) => ({
    ...AGENT_GROUP_DEFAULTS,
    name,
    resources: canonical([
      scalar("cpus", cpuMilli),
      scalar("mem", memMib * 1_000),
      ...Array.from({ length: gpus }, (_, device) => scalar(`gpu${device}`, 1_000)),
    ]),
    attributes: [{ name: GPU_MODEL_ATTRIBUTE, value: { type: "text", text: model } }],
  }));
}

function gpuCapacityMilli(nodes: readonly OpenbNode[]): number {
  return nodes.reduce((sum, { gpus }) => sum + gpus * 1_000, 0);
}

function allocatedAt(
  nodes: readonly OpenbNode[],
  arrivals: readonly OpenbPod[],
  isPlaced: (index: number) => boolean,
): readonly number[] {
  const capacity = gpuCapacityMilli(nodes);
  const sums: number[] = [];
  const counts: number[] = [];
  let arrived = 0;
  let allocated = 0;
  for (const [index, pod] of arrivals.entries()) {
    arrived += gpuMilliOf(pod);
    if (isPlaced(index)) allocated += gpuMilliOf(pod);
    const percent = Math.round((arrived * 100) / capacity);
    sums[percent] = (sums[percent] ?? 0) + (allocated * 100) / capacity;
    counts[percent] = (counts[percent] ?? 0) + 1;
  }
  return Array.from(sums, (sum, percent) => (sum ?? 0) / (counts[percent] ?? 0));
}
