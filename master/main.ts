import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Cluster } from "@bourse/cluster/cluster";
import type { ClusterConfig, ClusterStart } from "@bourse/cluster/inputs";
import { ClusterError } from "@bourse/model/errors";
import type { Logger } from "pino";
import { checkBind } from "./api/bind-policy.ts";
import { GrpcApi } from "./api/grpc/grpc-server.ts";
import { HttpApi } from "./api/http-server.ts";
import { Listener } from "./api/listener.ts";
import { SystemClock } from "./clock.ts";
import { configOf } from "./config.ts";
import { EffectQueue } from "./effect-queue.ts";
import { SoleMaster } from "./election/sole-master.ts";
import { Inbox } from "./inbox.ts";
import { Journal, NoJournal } from "./journal/journal.ts";
import { Metrics } from "./metrics/metrics.ts";
import { LmdbRegistry } from "./registry/lmdb.ts";
import { MemoryRegistry } from "./registry/memory.ts";
import type { Registry } from "./registry/registry.ts";
import { MasterLoop } from "./run.ts";
import { BUILD, VERSION } from "./version.ts";
import { WhitelistFile } from "./whitelist-file.ts";

export interface MasterOptions {
  /** Where to listen; beyond loopback only with `isInsecure` (DESIGN D11). */
  readonly host: string;
  /** For gRPC and HTTP; 0 = any free one. */
  readonly port: number;
  /** Holds `registry/` and `journal/`. */
  readonly dataDir: string;
  readonly store: "lmdb" | "memory";
  readonly hasJournal: boolean;
  readonly isInsecure: boolean;
  /** Names of the agents that are offered (M-51), read again while the master runs. */
  readonly whitelistFile?: string;
  /** What differs from `CLUSTER_DEFAULTS`. */
  readonly config: Partial<ClusterConfig>;
  readonly logger: Logger;
}

export interface RunningMaster {
  /** `host:port`, with the port that was taken. */
  readonly address: string;
  readonly epoch: number;
  /** Rolling hash of all inputs and effects so far; null without a journal. */
  readonly rollingHash: () => string | null;
  /** Resolves when the master cannot go on, with one line that says why. It sends nothing any more; end the process. */
  readonly fatal: Promise<ClusterError>;
  /** Ends streams, finishes what was begun, closes journal and registry. */
  stop(): Promise<void>;
}

/** What streams under way get before they are cut off at a stop. */
const STOP_GRACE_MS = 1_000;

/**
 * Puts a master together and starts it. Everything that can be wrong with the options or the machine is refused
 * here with a `ClusterError` of one line: what, why, what to do. Never ends the process.
 */
export async function startMaster(options: MasterOptions): Promise<RunningMaster> {
  checkBind(options.host, options.isInsecure);
  const whitelist = await openWhitelist(options);
  const config = configOf({ ...options.config, ...(whitelist && { whitelist: whitelist.agents }) });
  const listener = await Listener.open({ host: options.host, port: options.port });
  let registry: Registry | null = null;
  try {
    registry = await openRegistry(options);
    const { epoch } = await new SoleMaster(registry).campaign();
    const seed = randomBytes(16).toString("hex");
    const entries = await registry.load();
    const start = { config, epoch, seed, entries };
    const master = new Master({ options, listener, registry, start, whitelist });
    await master.serve();
    options.logger.info(
      { address: master.address, epoch, seed, entries: entries.length, build: BUILD },
      "leading",
    );
    return master;
  } catch (error) {
    listener.close();
    await registry?.close();
    throw error;
  }
}

async function openWhitelist(options: MasterOptions): Promise<WhitelistFile | null> {
  if (options.whitelistFile === undefined) return null;
  return WhitelistFile.open(options.whitelistFile, (line) => options.logger.warn(line));
}

function openRegistry({ store, dataDir }: MasterOptions): Promise<Registry> {
  if (store === "memory") return Promise.resolve(new MemoryRegistry());
  return LmdbRegistry.open(join(dataDir, "registry"));
}

interface MasterParts {
  readonly options: MasterOptions;
  readonly listener: Listener;
  readonly registry: Registry;
  readonly start: ClusterStart;
  readonly whitelist: WhitelistFile | null;
}

class Master implements RunningMaster {
  readonly address: string;
  readonly epoch: number;
  readonly fatal: Promise<ClusterError>;
  readonly #options: MasterOptions;
  readonly #listener: Listener;
  readonly #registry: Registry;
  readonly #cluster: Cluster;
  readonly #journal: Journal | null;
  readonly #clock = new SystemClock();
  readonly #startedAt = this.#clock.now();
  readonly #metrics: Metrics;
  readonly #loop: MasterLoop;
  readonly #grpc: GrpcApi;
  readonly #inbox: Inbox;
  readonly #whitelist: WhitelistFile | null;
  #http: HttpApi | null = null;
  #hasFailed = false;
  #resolveFatal: (error: ClusterError) => void = () => {};
  #stopping: Promise<void> | null = null;

  constructor({ options, listener, registry, start, whitelist }: MasterParts) {
    this.#options = options;
    this.#listener = listener;
    this.#registry = registry;
    this.address = listener.address;
    this.epoch = start.epoch;
    this.fatal = new Promise((resolve) => {
      this.#resolveFatal = resolve;
    });
    this.#cluster = new Cluster(start);
    this.#journal = options.hasJournal ? this.#openJournal(start) : null;
    const inbox = new Inbox(() => this.#loop.onReady());
    this.#inbox = inbox;
    this.#whitelist = whitelist;
    this.#grpc = new GrpcApi({
      inbox,
      clock: this.#clock,
      epoch: start.epoch,
      onDropped: (session, error) => {
        if (this.#stopping !== null) return;
        this.#metrics.dropped(error.code);
        options.logger.warn({ session, code: error.code }, `stream cut off: ${error.message}`);
      },
    });
    const onFatal = (error: ClusterError): void => this.#onFatal(error);
    const effects: EffectQueue = new EffectQueue({
      registry,
      deliver: (sending) => this.#grpc.deliver(sending),
      flush: () => this.#grpc.flush(effects.length === 0),
      onFatal,
      onStored: (records, elapsedMs) => this.#metrics.stored(records, elapsedMs),
    });
    this.#metrics = this.#newMetrics({ inbox, effects });
    this.#loop = new MasterLoop(this.#cluster, {
      clock: this.#clock,
      inbox,
      effects,
      recorder: this.#journal ?? new NoJournal(),
      onFatal,
      onApplied: (input, elapsedMs) => this.#metrics.applied(input, elapsedMs),
    });
  }

  readonly rollingHash = (): string | null => this.#journal?.digest ?? null;

  async serve(): Promise<void> {
    const http = await HttpApi.open({
      about: () => ({ name: "bourse master", version: VERSION, build: BUILD, epoch: this.epoch }),
      metrics: async () => ({
        contentType: this.#metrics.contentType,
        text: await this.#metrics.text(),
      }),
    });
    this.#http = http;
    this.#loop.start();
    this.#watchWhitelist();
    this.#listener.serve({
      onGrpc: (socket) => this.#grpc.accept(socket),
      onHttp: (socket) => http.accept(socket),
    });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Streams first: their ends are inputs, so that the registry knows since when frameworks are disconnected. */
  async #stop(): Promise<void> {
    this.#listener.refuse();
    this.#whitelist?.close();
    this.#grpc.endStreams(
      new ClusterError("no_leader", "this master stops", { hint: "try again in a moment" }),
    );
    await this.#loop.stop();
    await this.#journal?.close(this.#hasFailed ? null : this.#cluster.stateHash());
    await Promise.all([this.#grpc.close(STOP_GRACE_MS), this.#http?.close()]);
    this.#listener.close();
    await this.#registry.close();
  }

  #watchWhitelist(): void {
    const source = this.#inbox.open();
    this.#whitelist?.watch((agents) => {
      this.#options.logger.info({ agents: agents?.length ?? "all" }, "the whitelist has changed");
      source.push({ kind: "input", input: { principal: null, kind: "whitelist", agents } });
    });
  }

  #onFatal(error: ClusterError): void {
    this.#hasFailed = true;
    this.#loop.abort();
    this.#journal?.flushNow();
    this.#listener.close();
    this.#options.logger.fatal({ err: error }, error.message);
    this.#resolveFatal(error);
  }

  #openJournal(start: ClusterStart): Journal {
    return new Journal({
      directory: join(this.#options.dataDir, "journal"),
      build: BUILD,
      start,
      openedAt: this.#startedAt,
      snapshot: () => this.#cluster.snapshot(),
      onStopped: (error) => {
        this.#metrics.journalStopped();
        this.#options.logger.error(error.message);
      },
    });
  }

  #newMetrics({ inbox, effects }: { inbox: Inbox; effects: EffectQueue }): Metrics {
    const { frameworks, agents, relays, operator } = this.#grpc;
    return new Metrics({
      view: (query) => operator.view(query),
      uptimeMs: () => this.#clock.now().monoMs - this.#startedAt.monoMs,
      epoch: this.epoch,
      lengths: { inbox: () => inbox.length, effects: () => effects.length },
      streams: {
        framework: () => frameworks.size,
        agent: () => agents.size,
        relay: () => relays.size,
        events: () => operator.subscribers,
      },
      journalBytes: () => this.#journal?.bytes ?? 0,
    });
  }
}
