import { CLUSTER_DEFAULTS } from "@bourse/cluster/config";
import type { ClusterStart } from "@bourse/cluster/inputs";
import { SCENARIO_DEFAULTS } from "@bourse/engine/scenario/defaults";
import { ScenarioRun } from "@bourse/engine/scenario/run-scenario";
import { parseResources } from "@bourse/model/resources-text";
import type { InputRecord } from "../incident.ts";

/** All that a simulated master was told, as a journal has it. */
export interface Recorded {
  readonly start: ClusterStart;
  readonly records: readonly InputRecord[];
  readonly stateHash: string;
}

/**
 * Two agents and a service of six tasks; at 20 s agent a-1 is cut off for 40 s. The master notices it after 3 s, the
 * service replaces what was there 5 s later.
 */
export function recordIncident(): Recorded {
  const master = { agentPingIntervalMs: 1_000, agentPingMissesMax: 3 };
  const run = new ScenarioRun(
    {
      ...SCENARIO_DEFAULTS,
      master,
      agents: [
        {
          name: "a",
          count: 2,
          resources: parseResources("cpus:4;mem:4096"),
          attributes: [],
          domains: [],
          startWithinMs: 0,
          containers: { startMs: [100, 100], stopMs: [100, 100], launchFailures: 0 },
        },
      ],
      frameworks: [
        {
          name: "web",
          count: 1,
          roles: ["web"],
          capabilities: ["PARTITION_AWARE"],
          failoverTimeoutMs: 3_600_000,
          startAtMs: 2_000,
          flapping: null,
          policy: {
            kind: "service",
            count: 6,
            size: [{ name: "cpus", milli: 500 }],
            ports: 0,
            maxPerAgent: 4,
            replaceUnreachableAfterMs: 5_000,
            scales: [],
            runMs: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
          },
        },
      ],
      faults: [{ kind: "partition", atMs: 20_000, lastMs: 40_000, seed: 1, targets: ["a-1"] }],
      end: { atMs: 300_000, isWhenDone: false, liveness: null },
    },
    { stopwatch: () => 0 },
  );
  const records: InputRecord[] = [];
  run.world.probes.add({
    masterDecided: (now, input) =>
      records.push({ kind: "input", now, input, check: records.length, crc: 0 }),
  });
  while (run.step());
  const { cluster } = run.world.master;
  const config = { ...CLUSTER_DEFAULTS, ...master };
  const start = { config, epoch: 1, seed: `${SCENARIO_DEFAULTS.seed}/master`, entries: [] };
  return { start, records, stateHash: cluster?.stateHash() ?? "" };
}
