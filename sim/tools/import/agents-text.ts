import { stringify } from "yaml";
import type { TraceMachine } from "./trace-sink.ts";

interface AgentGroupText {
  readonly name: string;
  readonly count: number;
  readonly resources: Readonly<Record<string, number | string>>;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface AgentsTextOptions {
  /** What is said of where they come from. */
  readonly source: string;
  readonly hasWholeGpus: boolean;
}

/**
 * Machines of a trace as the `agents:` section of a scenario file (YAML): one group for each shape, in the order in
 * which the shapes come up. Each GPU is a scalar of its own (`gpu0`, `gpu1`, ...) so that tasks can take parts of it;
 * its model is the attribute `gpu_model`.
 */
export function agentsText(machines: readonly TraceMachine[], options: AgentsTextOptions): string {
  const shapes = new Map<string, { readonly machine: TraceMachine; count: number }>();
  for (const machine of machines) {
    const key = JSON.stringify(machine);
    const known = shapes.get(key);
    if (known === undefined) shapes.set(key, { machine, count: 1 });
    else known.count++;
  }
  const names = new Set<string>();
  const agents = Array.from(shapes.values(), ({ machine, count }): AgentGroupText => {
    const attributes = attributesOf(machine);
    return {
      name: freeName(nameOf(machine), names),
      count,
      resources: resourcesOf(machine, options.hasWholeGpus),
      ...(attributes === null ? {} : { attributes }),
    };
  });
  const what = `${machines.length} machines of ${agents.length} shapes`;
  return `# ${what}, from ${options.source}\n${stringify({ agents }, { lineWidth: 0, indentSeq: true })}`;
}

function resourcesOf(
  { cpuMilli, memMib, gpus }: TraceMachine,
  hasWholeGpus: boolean,
): AgentGroupText["resources"] {
  const devices = Array.from({ length: gpus }, (_, index) => [`gpu${index}`, 1] as const);
  return {
    cpus: cpuMilli / 1_000,
    mem: memMib % 1_024 === 0 ? `${memMib / 1_024}GiB` : `${memMib}MiB`,
    ...(hasWholeGpus ? (gpus > 0 ? { gpus } : {}) : Object.fromEntries(devices)),
  };
}

function attributesOf({
  gpuModel,
  platform,
}: TraceMachine): Readonly<Record<string, string>> | null {
  if (gpuModel === "" && platform === "") return null;
  return {
    ...(gpuModel === "" ? {} : { gpu_model: gpuModel }),
    ...(platform === "" ? {} : { platform }),
  };
}

/** `t4-2-c96-m512`: GPUs, cores, GiB. */
function nameOf({ cpuMilli, memMib, gpus, gpuModel, platform }: TraceMachine): string {
  const gpu = gpus > 0 ? `${gpuModel === "" ? "gpu" : gpuModel}-${gpus}-` : "";
  const kind = platform === "" ? "" : `${platform}-`;
  const name = `${gpu}${kind}c${Math.round(cpuMilli / 1_000)}-m${Math.round(memMib / 1_024)}`;
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_.-]/g, "-")
    .slice(0, 50);
}

/** Shapes that differ in less than a core or a GiB have the same name otherwise. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let index = 2; taken.has(free); index++) free = `${name}-v${index}`;
  taken.add(free);
  return free;
}
