import type { GarbageCollection } from "./live-report.ts";

/** What is read of a master's /metrics. */
export interface MasterMetrics {
  readonly gc: GarbageCollection;
  readonly heapMib: number;
  /** Since the metrics were read before. */
  readonly loopLagP99Ms: number;
  readonly activeAgents: number;
}

/** Throws when the master does not answer. Reading costs it a few milliseconds: never in a measured time. */
export async function readMasterMetrics(address: string): Promise<MasterMetrics> {
  const response = await fetch(`http://${address}/metrics`);
  return parseMasterMetrics(await response.text());
}

/** From the text format of Prometheus; what is not there counts as 0. */
export function parseMasterMetrics(text: string): MasterMetrics {
  const sum = (name: string, labels = ""): number => {
    let total = 0;
    for (const line of text.split("\n")) {
      if (!line.startsWith(name)) continue;
      const rest = line.slice(name.length);
      if (!(rest.startsWith("{") || rest.startsWith(" ")) || !rest.includes(labels)) continue;
      total += Number(rest.slice(rest.lastIndexOf(" ") + 1));
    }
    return total;
  };
  return {
    gc: {
      count: sum("nodejs_gc_duration_seconds_count"),
      seconds: sum("nodejs_gc_duration_seconds_sum"),
    },
    heapMib: sum("nodejs_heap_size_used_bytes") / 1_048_576,
    loopLagP99Ms: sum("nodejs_eventloop_lag_p99_seconds") * 1_000,
    activeAgents: sum("master_agents", 'condition="active"'),
  };
}
