import type { FrameworkInfo } from "@bourse/model/framework";
import type { Role, TaskId } from "@bourse/model/ids";
import type { Amount } from "@bourse/model/quota";
import type { Random } from "@bourse/model/random";
import { canonical, type Resources, scalar } from "@bourse/model/resources";
import { SERVICE_DEFAULTS } from "@bourse/service-policy/service-config";
import { BatchColumns } from "../frameworks/batch-columns.ts";
import { BatchPolicy } from "../frameworks/batch-policy.ts";
import { GreedyPolicy } from "../frameworks/greedy-policy.ts";
import { HoarderPolicy } from "../frameworks/hoarder-policy.ts";
import { IdlePolicy } from "../frameworks/idle-policy.ts";
import type { LoadMeter } from "../frameworks/load-meter.ts";
import { SimService } from "../frameworks/sim-service.ts";
import { VolumePolicy } from "../frameworks/volume-policy.ts";
import type { SavedPolicy, SimPolicy } from "../sim-framework.ts";
import type { BatchSpec, PolicySpec, ServiceSpec } from "./scenario.ts";

export interface PolicyContext {
  readonly info: FrameworkInfo;
  readonly role: Role;
  readonly seed: string;
  readonly random: Random;
  readonly meter: LoadMeter | null;
}

export type TaskPlan = { readonly runMs: number; readonly exitCode: number };

/** How a framework of the scenario gets its policies, one for each life of its scheduler. */
export interface PolicySource {
  create(saved: SavedPolicy): SimPolicy;
  /** For policies that do not say themselves how long a task runs. */
  planOf?(taskId: TaskId): TaskPlan;
}

export function policySource(spec: PolicySpec, context: PolicyContext): PolicySource {
  switch (spec.kind) {
    case "batch":
      return batchSource(spec, context);
    case "service":
      return serviceSource(spec, context);
    case "volumes": {
      const { random, info, role } = context;
      const options = { ...spec, info, role };
      return {
        create: ({ snapshot }) =>
          snapshot === null
            ? new VolumePolicy(options, random)
            : VolumePolicy.restore(options, snapshot),
      };
    }
    case "greedy":
      return {
        create: ({ snapshot }) =>
          snapshot === null ? new GreedyPolicy(spec) : GreedyPolicy.restore(spec, snapshot),
      };
    case "idle":
      return { create: () => new IdlePolicy(spec) };
    case "hoarder":
      return { create: () => new HoarderPolicy(spec) };
  }
}

function batchSource(spec: BatchSpec, { role, random, meter }: PolicyContext): PolicySource {
  const columns = new BatchColumns(spec, random.fork("failures"));
  const options = { spec, role, random, meter, columns };
  return {
    create: ({ snapshot }) =>
      snapshot === null ? new BatchPolicy(options) : BatchPolicy.restore(options, snapshot),
  };
}

function serviceSource(spec: ServiceSpec, { info, seed, random }: PolicyContext): PolicySource {
  const { count, ports, maxPerAgent, replaceUnreachableAfterMs } = spec;
  const config = {
    ...SERVICE_DEFAULTS,
    ...spec.config,
    name: info.name,
    count,
    resources: resourcesOfAmounts(spec.size),
    ports,
    maxPerAgent,
    replaceUnreachableAfterMs,
  };
  const [minMs, maxMs] = spec.runMs;
  return {
    create: ({ intents, life }) =>
      new SimService({ ...config, seed: `${seed}/${info.name}/${life}` }, intents),
    planOf: () => ({
      runMs: minMs === maxMs ? minMs : random.between(minMs, maxMs),
      exitCode: 0,
    }),
  };
}

export function resourcesOfAmounts(amounts: readonly Amount[]): Resources {
  return canonical(amounts.map(({ name, milli }) => scalar(name, milli)));
}
