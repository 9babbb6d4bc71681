import type { ClusterInput } from "@bourse/cluster/inputs";
import {
  AGENT_CONDITIONS,
  FRAMEWORK_CONDITIONS,
  type OperatorQuery,
  type OperatorView,
} from "@bourse/model/operator";
import { TASK_STATES } from "@bourse/model/task-state";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { inputTitle } from "../input-title.ts";
import { SharingMetrics } from "./sharing-metrics.ts";

/** What the gauges show, read when somebody asks. */
export interface MetricSources {
  view(query: OperatorQuery): Promise<OperatorView>;
  readonly uptimeMs: () => number;
  readonly epoch: number;
  readonly lengths: Readonly<Record<"inbox" | "effects", () => number>>;
  readonly streams: Readonly<Record<"framework" | "agent" | "relay" | "events", () => number>>;
  readonly journalBytes: () => number;
}

/** From 10 us, where a status update lies, to 1 s, where an allocation of everything must never be. */
const APPLY_SECONDS = [0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
const STORE_SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 20];
const PAGE = 1_000;

/** The master's numbers for Prometheus, with Mesos' names where it has them (FEATURES M-79). */
export class Metrics {
  readonly #registry = new Registry();
  readonly #apply = new Histogram({
    name: "master_apply_seconds",
    help: "Time the core took for one input, by kind. Allocation of what changed runs in batch-end, of everything in wake.",
    labelNames: ["input"],
    buckets: APPLY_SECONDS,
    registers: [this.#registry],
  });
  readonly #allocation = new Histogram({
    name: "master_allocation_run_seconds",
    help: "Time of the inputs in which the allocator runs: after changes (batch-end), periodically (wake).",
    labelNames: ["trigger"],
    buckets: APPLY_SECONDS,
    registers: [this.#registry],
  });
  readonly #allocationAfterChange = this.#allocation.labels("change");
  readonly #allocationInTime = this.#allocation.labels("interval");
  readonly #store = new Histogram({
    name: "master_registry_store_seconds",
    help: "Time until an append to the registry was durable.",
    buckets: STORE_SECONDS,
    registers: [this.#registry],
  });
  readonly #records = new Counter({
    name: "master_registry_records_total",
    help: "Records written to the registry; divided by the appends: how many shared one.",
    registers: [this.#registry],
  });
  readonly #dropped = new Counter({
    name: "master_dropped_streams_total",
    help: "Streams that the master cut off, by code.",
    labelNames: ["code"],
    registers: [this.#registry],
  });
  readonly #journalStopped = new Gauge({
    name: "master_journal_stopped",
    help: "1 when the journal gave up because of its disk.",
    registers: [this.#registry],
  });
  readonly #sharing = new SharingMetrics(this.#registry);
  readonly #gauges: Readonly<Record<GaugeName, Gauge>>;
  readonly #sources: MetricSources;
  /** Children of the histogram by input, so that a hot observation looks up one string. */
  readonly #applyOf = new Map<string, { observe(seconds: number): void }>();

  constructor(sources: MetricSources) {
    this.#sources = sources;
    this.#gauges = mapped<GaugeName, GaugeSpec, Gauge>(GAUGES, ({ name, help, label }) => {
      const labelNames: string[] = label === undefined ? [] : label;
      return new Gauge({ name, help, labelNames, registers: [this.#registry] });
    });
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    this.#readShell();
    await this.#readCluster();
    await this.#sharing.read(this.#sources.view);
    return this.#registry.metrics();
  }

  applied(input: ClusterInput, elapsedMs: number): void {
    const title = inputTitle(input);
    let child = this.#applyOf.get(title);
    if (child === undefined) {
      child = this.#apply.labels(title);
      this.#applyOf.set(title, child);
    }
    child.observe(elapsedMs / 1000);
    if (input.kind === "batch-end") this.#allocationAfterChange.observe(elapsedMs / 1000);
    if (input.kind === "wake") this.#allocationInTime.observe(elapsedMs / 1000);
  }

  stored(records: number, elapsedMs: number): void {
    this.#store.observe(elapsedMs / 1000);
    this.#records.inc(records);
  }

  dropped(code: string): void {
    this.#dropped.inc({ code });
  }

  journalStopped(): void {
    this.#journalStopped.set(1);
  }

  #readShell(): void {
    const { uptimeMs, epoch, lengths, streams, journalBytes } = this.#sources;
    this.#gauges.uptime.set(uptimeMs() / 1000);
    this.#gauges.elected.set(1);
    this.#gauges.epoch.set(epoch);
    this.#gauges.journalBytes.set(journalBytes());
    for (const [queue, read] of Object.entries(lengths)) this.#gauges.queues.set({ queue }, read());
    for (const [kind, read] of Object.entries(streams)) this.#gauges.streams.set({ kind }, read());
  }

  async #readCluster(): Promise<void> {
    const { offers, tasks, resources, agents, frameworks } = this.#gauges;
    const view = await this.#sources.view({ kind: "master" });
    if (view.kind !== "master") return;
    const { counts, tasksByState, total, offered, allocated } = view.master;
    offers.set(counts.offers);
    for (const state of TASK_STATES) tasks.set({ state }, tasksByState[state] ?? 0);
    for (const [part, held] of Object.entries({ total, offered, allocated })) {
      for (const { name, value } of held) {
        if (value.type === "scalar") resources.set({ resource: name, part }, value.milli / 1000);
      }
    }
    const conditions = await this.#conditions();
    for (const condition of AGENT_CONDITIONS) {
      agents.set({ condition }, conditions.get(`agents ${condition}`) ?? 0);
    }
    for (const condition of FRAMEWORK_CONDITIONS) {
      frameworks.set({ condition }, conditions.get(`frameworks ${condition}`) ?? 0);
    }
  }

  /** Counted over pages, so that the loop is never held up by a large cluster (FEATURES N-20). */
  async #conditions(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    const count = (kind: string, rows: readonly { readonly condition: string }[]): void => {
      for (const { condition } of rows) {
        counts.set(`${kind} ${condition}`, (counts.get(`${kind} ${condition}`) ?? 0) + 1);
      }
    };
    for (const query of [{ kind: "agents" }, { kind: "frameworks", hasCompleted: true }] as const) {
      let after: string | undefined;
      do {
        const page = after === undefined ? { limit: PAGE } : { limit: PAGE, after };
        const view = await this.#sources.view({ ...query, page });
        if (view.kind === "agents") count("agents", view.agents);
        else if (view.kind === "frameworks") count("frameworks", view.frameworks);
        else break;
        after = view.next;
      } while (after !== undefined);
    }
    return counts;
  }
}

interface GaugeSpec {
  readonly name: string;
  readonly help: string;
  readonly label?: string[];
}

const GAUGES = {
  uptime: { name: "master_uptime_seconds", help: "Since this master leads." },
  elected: { name: "master_elected", help: "1 while this master leads." },
  epoch: { name: "master_epoch", help: "Of this leader; every session carries it." },
  journalBytes: { name: "master_journal_bytes", help: "Written to the journal by this process." },
  queues: {
    name: "master_queue_length",
    help: "What waits: inputs for the core, effects for the disk.",
    label: ["queue"],
  },
  streams: { name: "master_streams", help: "Open streams.", label: ["kind"] },
  offers: { name: "master_outstanding_offers", help: "Offers that frameworks hold." },
  tasks: { name: "master_tasks", help: "Live tasks by state.", label: ["state"] },
  resources: {
    name: "master_resources",
    help: "Scalars of all agents: total, and the part that is offered or allocated.",
    label: ["resource", "part"],
  },
  agents: { name: "master_agents", help: "Known agents by condition.", label: ["condition"] },
  frameworks: {
    name: "master_frameworks",
    help: "Frameworks by condition, the completed ones that are remembered too.",
    label: ["condition"],
  },
} satisfies Record<string, GaugeSpec>;

type GaugeName = keyof typeof GAUGES;

function mapped<Name extends string, In, Out>(
  record: Readonly<Record<Name, In>>,
  map: (value: In) => Out,
): Record<Name, Out> {
  const entries = Object.entries<In>(record).map(([name, value]) => [name, map(value)]);
  return Object.fromEntries(entries) as Record<Name, Out>;
}
