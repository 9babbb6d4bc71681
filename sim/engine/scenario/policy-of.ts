import type { FrameworkInfo } from "@bourse/model/framework";
import type { Role, TaskId } from "@bourse/model/ids";
import type { Amount } from "@bourse/model/quota";
import type { Random } from "@bourse/model/random";
import { canonical, type Resources, scalar } from "@bourse/model/resources";
import { SERVICE_DEFAULTS } from "@bourse/service-policy/service-config";
import type { LoadMeter } from "../frameworks/load-meter.ts";
import type { Load, LoadSize } from "../load-policy.ts";
import { LoadPolicy } from "../load-policy.ts";
import type { SavedPolicy, SimPolicy } from "../sim-framework.ts";
import { SimService } from "../sim-service.ts";
import { VolumePolicy } from "../volume-policy.ts";
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
      return batchSource(spec);
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
    default:
      throw new Error(`frameworks of kind ${spec.kind} are not there yet`);
  }
}

function batchSource(spec: BatchSpec): PolicySource {
  const load = loadOf(spec);
  return {
    create: ({ snapshot }) =>
      snapshot === null ? new LoadPolicy(load) : LoadPolicy.restore(load, null, snapshot),
  };
}

function loadOf({ load, tasksPerOfferMax }: BatchSpec): Load {
  const total = load.reduce((sum, { count }) => sum + count, 0);
  const atMs = new Float64Array(total);
  const sizeOf = new Uint8Array(total);
  const sizes: LoadSize[] = [];
  const known = new Map<string, number>();
  let index = 0;
  for (const row of load) {
    const key = JSON.stringify(row.amounts);
    let size = known.get(key);
    if (size === undefined) {
      size = sizes.length;
      known.set(key, size);
      sizes.push({
        cpuMilli: row.amounts.find(({ name }) => name === "cpus")?.milli ?? 0,
        memMilli: row.amounts.find(({ name }) => name === "mem")?.milli ?? 0,
        resources: resourcesOfAmounts(row.amounts),
      });
    }
    atMs.fill(row.atMs, index, index + row.count);
    sizeOf.fill(size, index, index + row.count);
    index += row.count;
  }
  return { atMs, sizeOf, sizes, tasksPerOfferMax };
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
