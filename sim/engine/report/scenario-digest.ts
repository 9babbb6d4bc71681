import { RollingHash } from "@bourse/model/hash";
import type { LoadRow } from "../scenario/load-row.ts";
import type { FrameworkSpec, Scenario } from "../scenario/scenario.ts";

/**
 * Stands for all that a scenario says but its name and its seed: whether two runs asked for the same. Loads may have
 * millions of rows, so of them only what they say is added, without the names of fields.
 */
export function scenarioDigest({ name: _, seed: __, frameworks, ...rest }: Scenario): string {
  const hash = new RollingHash().add(rest);
  for (const framework of frameworks) addFramework(hash, framework);
  return hash.digest();
}

function addFramework(hash: RollingHash, { policy, ...rest }: FrameworkSpec): void {
  hash.add(rest);
  if (policy.kind !== "batch") {
    hash.add(policy);
    return;
  }
  const { load, ...said } = policy;
  hash.add(said).add(load.length);
  for (const row of load) addRow(hash, row);
}

function addRow(hash: RollingHash, row: LoadRow): void {
  hash.add(row.atMs).add(row.count).add(row.runMs).add(row.job);
  hash.add(row.gpuMilli).add(row.gpuModels).add(row.amounts.length);
  for (const { name, milli } of row.amounts) hash.add(name).add(milli);
}
