import { readCsv } from "../load-file/csv-table.ts";
import { firstLineOf } from "./first-line.ts";
import { EVENT_TYPES, GoogleEvents, isEnd } from "./google-events.ts";
import { CsvFields, codeOf, type GoogleFields, JsonFields, numberOf } from "./google-fields.ts";
import type { ImportOptions } from "./import-options.ts";
import { eachJsonLine } from "./json-lines.ts";
import { amountsOf, machineSize, type TraceFormat, TraceRecord } from "./trace-reader.ts";
import type { TraceSink } from "./trace-sink.ts";

/**
 * Google's ClusterData 2019 (google/cluster-data, `clusterdata_trace_format_v3.proto`, CC-BY): `instance_events`,
 * `collection_events` and `machine_events`, as JSON lines or as CSV with the columns' names. Each stay of an instance
 * becomes a task: it arrives when it is submitted and runs from SCHEDULE to EVICT, FAIL, FINISH, KILL or LOST; after
 * an eviction it is submitted anew. Instances of alloc sets are tasks; what runs inside of one takes nothing more and
 * is left out. Tier and scheduling class stand in the name of the job, and --tiers takes some of them.
 */
export const GOOGLE_2019: TraceFormat = {
  name: "google2019",
  about:
    "Google ClusterData 2019: events of instances, collections and machines (--machine-cpus, --machine-mem)",
  isLine: (cells, line) =>
    line.startsWith("{")
      ? /"(collection_id|machine_id|platform_id)"\s*:/.test(line)
      : cells.includes("time") &&
        cells.includes("type") &&
        cells.some((cell) => cell.endsWith("_id")),
  open: (sink, options) => {
    const reader = new GoogleReader(sink, options);
    return {
      file: (path, onRead) => reader.file(path, onRead),
      end: () => reader.end(),
    };
  },
};

/** Tiers by priority, as the trace's documentation has them: the first whose end is not below. */
export const GOOGLE_TIERS = [
  ["free", 99],
  ["beb", 115],
  ["mid", 119],
  ["prod", 359],
  ["monitoring", Infinity],
] as const;

const MACHINE_EVENT_TYPES = ["EVENT_TYPE_UNKNOWN", "ADD", "REMOVE", "UPDATE"] as const;
const ADD = 1;
const COLLECTION_TYPES = ["JOB", "ALLOC_SET"] as const;
const ALLOC_SET = 1;
const SENSITIVITIES = ["MOST_INSENSITIVE", "INSENSITIVE", "SENSITIVE", "MOST_SENSITIVE"] as const;
/** 2^63 - 1: after the end of the trace. */
const AFTER_THE_END_US = 2 ** 62;

interface GoogleMachine {
  readonly cpus: number;
  readonly memory: number;
  readonly platform: string;
  readonly isInitial: boolean;
}

class GoogleReader {
  readonly #sink: TraceSink;
  readonly #size: { readonly cpus: number; readonly memMib: number };
  readonly #tiers: readonly string[] | null;
  readonly #events = new GoogleEvents();
  readonly #instanceOf = new Map<string, number>();
  /** By instance. */
  readonly #job: string[] = [];
  readonly #collection: string[] = [];
  readonly #collectionEndMs = new Map<string, number>();
  readonly #machines = new Map<string, GoogleMachine>();

  constructor(sink: TraceSink, options: ImportOptions) {
    this.#sink = sink;
    this.#size = machineSize(options, "google2019");
    this.#tiers = options.tiers;
  }

  async file(path: string, onRead: (bytes: number) => void): Promise<void> {
    const json = new JsonFields(path);
    if ((await firstLineOf(path)).startsWith("{")) {
      await eachJsonLine(path, onRead, (value, line) => this.#take(json.at(value, line)));
      return;
    }
    let fields: CsvFields | null = null;
    for await (const { rows, lines } of readCsv(path, { onRead })) {
      for (let index = 0; index < rows.length; index++) {
        const cells = rows[index] as readonly string[];
        if (fields === null)
          fields = new CsvFields(
            new TraceRecord(
              path,
              cells.map((c) => c.trim()),
            ),
          );
        else {
          fields.record.at(cells, lines[index] as number);
          this.#take(fields);
        }
      }
    }
  }

  end(): void {
    const losses = { endedBeforeTheyRan: 0, neverRan: 0 };
    const { cpus: machineCpus, memMib: machineMemMib } = this.#size;
    for (const { instance, atMs, beganMs, endedMs, cpus, memory } of this.#events.stays(losses)) {
      const amounts = amountsOf({
        cpuMilli: cpus * machineCpus * 1_000,
        memMib: memory * machineMemMib,
      });
      if (amounts.length === 0) {
        this.#sink.leaveOut("took nothing");
        continue;
      }
      const collection = this.#collection[instance] ?? "";
      const collectionEndMs = this.#collectionEndMs.get(collection) ?? Infinity;
      const isOpen = endedMs === Infinity && collectionEndMs >= beganMs;
      const runMs = (isOpen ? collectionEndMs : endedMs) - beganMs;
      const job = this.#job[instance] ?? "";
      this.#sink.add(
        { atMs: Math.round(atMs), count: 1, amounts, runMs: round(runMs), job },
        collection,
      );
    }
    if (losses.endedBeforeTheyRan > 0)
      this.#sink.leaveOut("ended before they ran", losses.endedBeforeTheyRan);
    if (losses.neverRan > 0) this.#sink.leaveOut("never ran within the trace", losses.neverRan);
    this.#addMachines();
  }

  #take(fields: GoogleFields): void {
    if (fields.has("instance_index")) this.#instanceEvent(fields);
    else if (fields.has("collection_id")) this.#collectionEvent(fields);
    else if (fields.has("machine_id")) this.#machineEvent(fields);
    else {
      throw fields.refusal(
        "this is no event of an instance, a collection or a machine",
        "import instance_events, collection_events and machine_events",
      );
    }
  }

  #instanceEvent(fields: GoogleFields): void {
    if (fields.has("start_time")) {
      throw fields.refusal("this is a table of usage", "import instance_events instead");
    }
    const collection = fields.text("collection_id");
    if (!this.#sink.hasJob(collection)) return;
    const type = codeOf(fields, "type", EVENT_TYPES, 0);
    const alloc = fields.text("alloc_collection_id");
    if (alloc !== "" && alloc !== "0") {
      if (type === 3) this.#sink.leaveOut("run inside of alloc sets, which are there themselves");
      return;
    }
    const tier = tierOf(numberOf(fields, "priority", 0));
    if (this.#tiers !== null && !this.#tiers.includes(tier)) {
      if (type === 3) this.#sink.leaveOut("of tiers that were not asked for");
      return;
    }
    const timeUs = numberOf(fields, "time", 0);
    if (timeUs >= AFTER_THE_END_US) return;
    const key = `${collection}/${fields.text("instance_index")}`;
    let instance = this.#instanceOf.get(key);
    if (instance === undefined) {
      instance = this.#job.length;
      this.#instanceOf.set(key, instance);
      const isAlloc = codeOf(fields, "collection_type", COLLECTION_TYPES, 0) === ALLOC_SET;
      const sensitivity = codeOf(fields, "scheduling_class", SENSITIVITIES, 0);
      const last = this.#job.at(-1);
      const job = `${tier}-c${sensitivity}-${isAlloc ? "alloc-" : ""}${collection}`;
      this.#job.push(last === job ? last : job);
      this.#collection.push(collection);
    }
    this.#events.add(
      instance,
      type,
      timeUs / 1_000,
      numberOf(fields, "resource_request.cpus", 0),
      numberOf(fields, "resource_request.memory", 0),
    );
  }

  /** Of use only for instances whose own end is missing. */
  #collectionEvent(fields: GoogleFields): void {
    const collection = fields.text("collection_id");
    if (!isEnd(codeOf(fields, "type", EVENT_TYPES, 0)) || !this.#sink.hasJob(collection)) return;
    const timeUs = numberOf(fields, "time", 0);
    if (timeUs >= AFTER_THE_END_US) return;
    const known = this.#collectionEndMs.get(collection) ?? 0;
    this.#collectionEndMs.set(collection, Math.max(known, timeUs / 1_000));
  }

  #machineEvent(fields: GoogleFields): void {
    if (codeOf(fields, "type", MACHINE_EVENT_TYPES, 0) !== ADD) return;
    const cpus = numberOf(fields, "capacity.cpus", 0);
    const memory = numberOf(fields, "capacity.memory", 0);
    if (cpus === 0 || memory === 0) return;
    const id = fields.text("machine_id");
    const isInitial = numberOf(fields, "time", 0) === 0;
    const known = this.#machines.get(id);
    if (known?.isInitial === true) return;
    this.#machines.set(id, { cpus, memory, platform: fields.text("platform_id"), isInitial });
  }

  /** Those that are there at the beginning; where none is, all that come. */
  #addMachines(): void {
    const all = Array.from(this.#machines.values());
    const initial = all.filter(({ isInitial }) => isInitial);
    const platforms = Array.from(new Set(all.map(({ platform }) => platform))).sort();
    for (const { cpus, memory, platform } of initial.length > 0 ? initial : all) {
      this.#sink.machines.push({
        cpuMilli: Math.round(cpus * this.#size.cpus * 1_000),
        memMib: Math.round(memory * this.#size.memMib),
        gpus: 0,
        gpuModel: "",
        platform: platform === "" ? "" : `p${platforms.indexOf(platform) + 1}`,
      });
    }
  }
}

function tierOf(priority: number): string {
  return (GOOGLE_TIERS.find(([, end]) => priority <= end) ?? GOOGLE_TIERS[4])[0];
}

function round(runMs: number): number {
  return runMs === Infinity ? Infinity : Math.round(runMs);
}
