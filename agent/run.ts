import { setTimeout as delay } from "node:timers/promises";
import type { AgentInfo } from "@bourse/model/agent";
import { ClusterError } from "@bourse/model/errors";
import type { AgentId, ContainerId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import { Random } from "@bourse/model/random";
import { NO_RESOURCES, type Resources } from "@bourse/model/resources";
import { AgentCore } from "@bourse/task/agent-core";
import { foldCheckpoint, recordsOf } from "@bourse/task/checkpoint";
import type { AgentAction, CheckpointRecord } from "@bourse/task/effects";
import type { AgentCheckpoint, AgentConfig, AgentInput, FoundContainer } from "@bourse/task/inputs";
import { combineTotal } from "@bourse/task/total-resources";
import type { Logger } from "pino";
import { AgentLoop } from "./agent-loop.ts";
import { CheckpointLog } from "./checkpoint/checkpoint-log.ts";
import type { Containerizer, ContainerListener } from "./containerizer/containerizer.ts";
import { HealthChecks } from "./health/health-checks.ts";
import { MasterLink } from "./master-link/master-link.ts";
import { RelayStream } from "./relay/relay-stream.ts";
import { serveRelay } from "./relay/serve-relay.ts";
import { VolumeStore } from "./volumes/volume-store.ts";

export interface AgentParts {
  readonly info: AgentInfo;
  readonly config: AgentConfig;
  readonly masters: readonly string[];
  /** Exists, locked, this agent's alone. */
  readonly directory: string;
  /** Fresh for this start. */
  readonly seed: string;
  /** Whether the checkpoint must survive a power cut. */
  readonly isSynced: boolean;
  readonly log: Logger;
  /** `owner` names this installation: the same at every start in this directory. */
  readonly makeContainerizer: (owner: string, onEvent: ContainerListener) => Containerizer;
  /** The agent cannot go on, or the master removed it: once. */
  readonly onEnd: (end: AgentEnd) => void;
}

export type AgentEnd =
  /** The checkpoint cannot be written. */
  | { readonly kind: "failed"; readonly error: ClusterError }
  /** The master removed this agent for good; its containers are gone. */
  | { readonly kind: "removed"; readonly message: string };

/** Effects that may wait for the disk before the agent stops reading from the master. */
const BACKLOG_MAX = 1_000;
/** Between two questions to an engine that does not answer. */
const ENGINE_RETRY_MS = 2_000;

/** One agent: its core, its checkpoint, its containers and its link to the master. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #random: Random;
  readonly #abort = new AbortController();
  readonly #volumes: VolumeStore;
  #log: CheckpointLog | null = null;
  #containerizer: Containerizer | null = null;
  #core: AgentCore | null = null;
  #loop: AgentLoop | null = null;
  #link: MasterLink | null = null;
  #health: HealthChecks | null = null;
  #orphans: ContainerId[] = [];
  #isPaused = false;
  /** What containers did between being found and the core's begin. */
  #early: AgentInput[] = [];
  /** Settles when the containers were found and the link was started, or the agent was closed before that. */
  #recovered: Promise<void> = Promise.resolve();

  private constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#random = Random.fromSeed(parts.seed);
    this.#volumes = new VolumeStore(parts.directory, ({ message, hint }) =>
      parts.log.error({ hint }, message),
    );
  }

  /**
   * Reads the checkpoint and begins to recover. Throws when the checkpoint cannot be read or written; a container
   * engine that does not answer is waited for.
   */
  static async start(parts: AgentParts): Promise<Agent> {
    const agent = new Agent(parts);
    const log = await CheckpointLog.open(
      {
        directory: parts.directory,
        newOwner: Random.fromSeed(parts.seed).fork("owner").hex(8),
        isSynced: parts.isSynced,
        onFatal: (error) => agent.#fail(error),
      },
      () => agent.#currentRecords(),
    );
    agent.#log = log;
    try {
      mustSuffice(parts.info.resources, foldCheckpoint(log.records));
    } catch (thrown) {
      await agent.#letGo();
      throw thrown;
    }
    agent.#containerizer = parts.makeContainerizer(log.owner, (containerId, event) =>
      agent.#take({ kind: "container", containerId, event }),
    );
    agent.#recovered = agent
      .#recover(log, agent.#containerizer)
      .catch((thrown) => agent.#fail(ClusterError.from(thrown)));
    return agent;
  }

  get agentId(): AgentId | null {
    return this.#core?.agentId ?? null;
  }

  /** Containers of this agent that no task knows (FEATURES N-03). */
  get orphans(): readonly ContainerId[] {
    return this.#orphans;
  }

  /** Stops deciding and lets go of everything. Containers run on and are adopted at the next start. */
  async close(): Promise<void> {
    this.#stopDeciding();
    await this.#letGo();
  }

  /** As `close`, but first all containers are killed and removed, with their sandboxes and logs. */
  async closeAndRemoveContainers(): Promise<void> {
    this.#stopDeciding();
    try {
      await this.#recovered;
      const found = (await this.#containerizer?.list()) ?? [];
      await Promise.all(found.map(({ containerId }) => this.#containerizer?.remove(containerId)));
    } catch (thrown) {
      const { message, hint } = ClusterError.from(thrown);
      this.#parts.log.error({ hint }, `containers stay behind: ${message}`);
    }
    await this.#letGo();
  }

  #stopDeciding(): void {
    this.#abort.abort();
    this.#loop?.close();
    this.#link?.close();
    this.#health?.close();
  }

  async #letGo(): Promise<void> {
    await this.#containerizer?.close();
    await this.#log?.close();
    await this.#volumes.close();
  }

  async #recover(log: CheckpointLog, containerizer: Containerizer): Promise<void> {
    const found = await this.#untilListed(containerizer);
    if (found === null || this.#abort.signal.aborted) return;
    const { info, config, seed } = this.#parts;
    const checkpoint = foldCheckpoint(log.records);
    const core = new AgentCore({ info, config, seed, checkpoint, found });
    const { health, link } = this.#makeEdges(core, containerizer);
    const loop = new AgentLoop(core, {
      now: readClocks,
      append: (records, onDurable) =>
        log.append(records, () => {
          this.#tell(records);
          onDurable();
        }),
      send: (session, message) => link.send(session, message),
      act: (action) => this.#act(action, containerizer, health, link),
      onBacklog: (count) => this.#throttle(count, link),
    });
    this.#core = core;
    this.#loop = loop;
    this.#health = health;
    this.#link = link;
    const taskCount = checkpoint?.tasks.length ?? 0;
    this.#parts.log.info({ taskCount, containerCount: found.length }, "recovered");
    loop.begin();
    for (const input of this.#early.splice(0)) loop.input(input);
    link.start();
  }

  #take(input: AgentInput): void {
    if (this.#loop === null) this.#early.push(input);
    else this.#loop.input(input);
  }

  #makeEdges(core: AgentCore, containerizer: Containerizer) {
    const { masters, log } = this.#parts;
    const health = new HealthChecks({
      containerizer,
      onResult: (containerId, result) => this.#take({ kind: "health", containerId, ...result }),
    });
    const link = new MasterLink({
      masters,
      random: this.#random.fork("master-link"),
      log,
      onInput: (input) => this.#take(input),
      onRelay: (client, relay) => {
        const source = { containerizer, containerOf: core.containerOf.bind(core) };
        void serveRelay(new RelayStream(client), relay, source);
      },
    });
    return { health, link };
  }

  /** An agent that does not know its containers would start them twice: it waits for the engine. */
  async #untilListed(containerizer: Containerizer): Promise<readonly FoundContainer[] | null> {
    for (let count = 0; !this.#abort.signal.aborted; count++) {
      try {
        return await containerizer.list();
      } catch (thrown) {
        const error = ClusterError.from(thrown);
        if (error.code !== "unreachable") throw error;
        if (count === 0)
          this.#parts.log.warn({ hint: error.hint }, `${error.message}; waiting for it`);
        await delay(ENGINE_RETRY_MS, null, { signal: this.#abort.signal }).catch(() => {});
      }
    }
    return null;
  }

  #act(
    action: AgentAction,
    containerizer: Containerizer,
    health: HealthChecks,
    link: MasterLink,
  ): void {
    const { log, onEnd } = this.#parts;
    switch (action.kind) {
      case "launch":
        containerizer.launch(action.container);
        return;
      case "stop":
        containerizer.stop(action.containerId, action.gracePeriodMs);
        return;
      case "remove":
        containerizer.remove(action.containerId).catch((thrown) => {
          log.warn(ClusterError.from(thrown).message);
        });
        return;
      case "check":
        health.start(action.containerId, action.healthCheck);
        return;
      case "stop-check":
        health.stop(action.containerId);
        return;
      case "create-volume":
        this.#volumes.create(action.volume, action.isNew);
        return;
      case "destroy-volume":
        this.#volumes.destroy(action.volume);
        return;
      case "report-orphan":
        this.#orphans.push(action.containerId);
        log.warn({ containerId: action.containerId }, "orphan: a container that no task knows");
        return;
      case "reconnect":
        link.reconnect(action.session, action.cause);
        return;
      case "shut-down":
        log.warn({ reason: action.message }, "the master removed this agent");
        onEnd({ kind: "removed", message: action.message });
        return;
    }
  }

  /** What happened, for the operator. Never a payload, an environment value or what a task wrote. */
  #tell(records: readonly CheckpointRecord[]): void {
    const { log } = this.#parts;
    for (const record of records) {
      if (record.kind === "agent") {
        log.info({ agentId: record.agentId, epoch: record.epochSeen }, "registered");
      } else if (record.kind === "update") {
        const { frameworkId, status } = record.update;
        const { taskId, state, reason, message } = status;
        // Here the message is the engine's; elsewhere it may quote what a check wrote.
        const why = reason === "REASON_CONTAINER_LAUNCH_FAILED" ? { message } : {};
        log.info({ frameworkId, taskId, state, reason, ...why }, "task");
      } else if (record.kind === "operation") {
        const { operationUuid, frameworkId, operationId, state, message } = record.update;
        log.info({ operationUuid, frameworkId, operationId, state, message }, "operation");
      }
    }
  }

  #throttle(backlog: number, link: MasterLink): void {
    const isPaused = backlog > BACKLOG_MAX;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    link.setPaused(isPaused);
  }

  #currentRecords(): readonly CheckpointRecord[] {
    return this.#core === null ? [] : recordsOf(this.#core.checkpoint());
  }

  #fail(error: ClusterError): void {
    if (this.#abort.signal.aborted) return;
    this.#loop?.close();
    this.#parts.onEnd({ kind: "failed", error });
  }
}

/** Offering less than what was reserved would break a promise; offering it unreserved, give a volume away (M-56). */
function mustSuffice(detected: Resources, checkpoint: AgentCheckpoint | null): void {
  const combined = combineTotal(detected, checkpoint?.dynamic ?? NO_RESOURCES);
  if ("total" in combined) return;
  throw new ClusterError(
    "conflict",
    `the agent has less than was reserved on it: ${combined.missing}`,
    {
      hint: "give it at least that with --resources; or start it as it was, destroy the volumes and take the reservations back, and then change it",
    },
  );
}

function readClocks(): Now {
  return { monoMs: Math.floor(performance.now()), wallMs: Date.now() };
}
