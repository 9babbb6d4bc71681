import type { AgentInfo } from "@bourse/model/agent";
import type { MasterToAgent } from "@bourse/model/agent-messages";
import type { RunSpec } from "@bourse/model/container";
import type { AgentId, ContainerId, SessionId } from "@bourse/model/ids";
import type { Random } from "@bourse/model/random";
import { AgentCore } from "@bourse/task/agent-core";
import { foldCheckpoint, recordsOf } from "@bourse/task/checkpoint";
import type {
  AgentAction,
  AgentEffects,
  CheckpointRecord,
  ContainerLaunch,
} from "@bourse/task/effects";
import type { AgentCheckpoint, AgentConfig, AgentInput, ContainerEvent } from "@bourse/task/inputs";
import { type VolumeRef, volumeKey, volumesIn } from "@bourse/task/volumes";
import { Alarm } from "./alarm.ts";
import { ContainerEngine, type ContainerPlan, type Workload } from "./containers.ts";
import { deepFreeze } from "./deep-freeze.ts";
import type { Happening } from "./event-queue.ts";
import { NodeConditions } from "./node-conditions.ts";
import { Outbox } from "./outbox.ts";
import type { Surroundings } from "./shell.ts";
import type { AgentLink } from "./sim-master.ts";

/** The simulator's containers need no command: the workload says what they do. */
export const RUN: RunSpec = Object.freeze({
  command: Object.freeze({ isShell: false, args: [], environment: [] }),
  container: Object.freeze({ type: "process" as const }),
  killGraceMs: 3_000,
  labels: [],
});

/** The log is folded and written anew when it has grown to this many records: it bounds a restart. */
const RECORDS_MAX = 250;

export interface SimAgentOptions {
  readonly name: string;
  readonly info: AgentInfo;
  readonly config: AgentConfig;
  readonly workload: Workload;
  /** What lives before the simulation left on the machine. */
  readonly before?: AgentBefore;
  /** When it is started with a world that begins with a live cluster; absent = at once. */
  readonly startAtMs?: number;
  /** Null: the master is down or out of reach. */
  connect(): AgentLink | null;
}

/** What an agent finds at its first start. */
export interface AgentBefore {
  readonly checkpoint: AgentCheckpoint;
  /** Those of its tasks, which run. */
  readonly containers: readonly {
    readonly launch: ContainerLaunch;
    readonly plan: ContainerPlan;
  }[];
}

/** A machine that runs tasks: its disk and its containers outlive the agent's process. */
export class SimAgent {
  readonly name: string;
  readonly info: AgentInfo;
  readonly engine: ContainerEngine;
  readonly options: SimAgentOptions;
  readonly conditions: NodeConditions;
  readonly #around: Surroundings;
  readonly #random: Random;
  /** Directories of volumes that are there, by key; like the containers they outlive the process. */
  readonly volumes = new Set<string>();
  #records: CheckpointRecord[] = [];
  /** What the records add up to, once somebody asked. */
  #folded: { readonly checkpoint: AgentCheckpoint | null } | null = null;
  #life: AgentProcess | null = null;
  #starts = 0;
  agentId: AgentId | null = null;

  constructor(around: Surroundings, options: SimAgentOptions) {
    this.#around = around;
    this.options = options;
    this.name = options.name;
    this.info = options.info;
    this.#random = around.simulation.random.fork(options.name);
    this.conditions = new NodeConditions(around.simulation);
    this.engine = new ContainerEngine(around.simulation, options.workload, {
      began: (container) => around.probes.containerBegan(this, container),
      ended: (container) => around.probes.containerEnded(this, container),
    });
    if (options.before !== undefined) this.#take(options.before);
  }

  #take({ checkpoint }: AgentBefore): void {
    this.#records = Array.from(recordsOf(checkpoint));
    this.agentId = checkpoint.agentId;
    for (const volume of volumesIn(checkpoint.dynamic)) this.volumes.add(volumeKey(volume));
  }

  get core(): AgentCore | null {
    return this.#life?.core ?? null;
  }

  get isUp(): boolean {
    return this.#life !== null;
  }

  get isConnected(): boolean {
    return this.#life?.isConnected ?? false;
  }

  get isDrained(): boolean {
    return this.#life?.isDrained ?? true;
  }

  get wakeAtMs(): number {
    return this.#life?.wakeAtMs ?? Number.POSITIVE_INFINITY;
  }

  /** What a restart would begin with; null when nothing is kept or was written. */
  get checkpoint(): AgentCheckpoint | null {
    this.#folded ??= { checkpoint: foldCheckpoint(this.#records) };
    return this.#folded.checkpoint;
  }

  start(): void {
    if (this.#life !== null) return;
    this.#starts += 1;
    const { before } = this.options;
    if (this.#starts === 1 && before !== undefined) {
      for (const { launch, plan } of before.containers) this.engine.adopt(launch, plan);
    }
    const core = new AgentCore({
      info: this.info,
      seed: `${this.#around.simulation.seed}/${this.name}/${this.#starts}`,
      config: this.options.config,
      checkpoint: this.checkpoint,
      found: this.engine.find(),
    });
    if (!this.#around.shell.hasCrashes) this.#keepNothing();
    this.#life = new AgentProcess(this, this.#around, core, this.#random);
    this.#life.begin();
  }

  #keepNothing(): void {
    this.#records = [];
    this.#folded = null;
  }

  /** The process dies; containers go on. */
  crash(): void {
    this.#life?.crash();
    this.#life = null;
    this.engine.abandon(() => this.#random.chance(0.5));
  }

  /** The machine goes dark: no connection is closed, no container goes on. What is on disk stays. */
  losePower(): void {
    this.#life?.losePower();
    this.#life = null;
    this.engine.powerOff(() => this.#random.chance(0.5));
  }

  /** Its core is thrown away and built anew from its own snapshot: nobody may notice. */
  reload(): void {
    this.#life?.reload();
  }

  store(record: CheckpointRecord): void {
    if (record.kind === "agent") this.agentId = record.agentId;
    this.#around.probes.agentStored(this, record);
    if (!this.#around.shell.hasCrashes) return;
    this.#records.push(record);
    this.#folded = null;
    if (this.#records.length < RECORDS_MAX) return;
    const checkpoint = foldCheckpoint(this.#records);
    if (checkpoint !== null) this.#records = Array.from(recordsOf(checkpoint));
  }

  destroyVolume(volume: VolumeRef): void {
    if (this.volumes.delete(volumeKey(volume))) this.#around.probes.volumeGone(this, volume);
  }

  /** Its master wants nothing more of it: as a supervisor would, a new life starts a while after the end of the old. */
  shutDown(): void {
    this.crash();
    for (const container of this.engine.containers) {
      this.engine.remove(container.launch.containerId);
    }
    this.#around.simulation.after(this.#around.shell.connectMaxMs, () => this.start());
  }
}

/** One life of an agent's process. */
class AgentProcess implements Happening {
  core: AgentCore;
  readonly #machine: SimAgent;
  readonly #around: Surroundings;
  readonly #random: Random;
  readonly #outbox: Outbox<CheckpointRecord, AgentEffects>;
  readonly #alarm: Alarm;
  #link: AgentLink | null = null;
  #session: SessionId = 0;
  #isDead = false;
  #isActing = false;
  #heard: AgentInput[] = [];

  constructor(machine: SimAgent, around: Surroundings, core: AgentCore, random: Random) {
    this.#machine = machine;
    this.#around = around;
    this.core = core;
    this.#random = random;
    this.#alarm = new Alarm(around.simulation, () => this.#apply({ kind: "wake" }));
    this.#outbox = new Outbox(around.simulation, {
      store: (records) => {
        for (let index = 0; index < records.length; index++)
          machine.store(records[index] as CheckpointRecord);
      },
      deliver: (effects) => this.#deliver(effects),
      drawDelayMs: (recordCount) =>
        machine.conditions.drawDelayMs(around.shell, random, recordCount),
    });
  }

  get isConnected(): boolean {
    return this.#link !== null;
  }

  get isDrained(): boolean {
    return this.#outbox.isEmpty;
  }

  get wakeAtMs(): number {
    return this.#alarm.wantedMs;
  }

  begin(): void {
    this.#machine.engine.report = (containerId, event) => this.#hear(containerId, event);
    this.#carryOut(this.core.begin(this.#machine.conditions.now));
    this.#connectLater();
  }

  reload(): void {
    this.core = AgentCore.restore(deepFreeze(this.core.snapshot()));
  }

  losePower(): void {
    this.#die();
    this.#link?.break("the machine is gone", Number.POSITIVE_INFINITY);
  }

  crash(): void {
    this.#die();
    if (this.#random.chance(0.5)) this.#link?.client.close("the agent is gone");
    else this.#link?.break("the agent is gone", this.#around.shell.connectMaxMs);
  }

  #die(): void {
    this.#isDead = true;
    this.#alarm.stop();
    this.#outbox.crash(this.#random.chance(0.5));
  }

  /** What the engine says while it is told to launch or stop waits until all that is done. */
  #hear(containerId: ContainerId, event: ContainerEvent): void {
    if (this.#isDead) return;
    const input = { kind: "container", containerId, event } as const;
    if (!this.#isActing && this.#heard.length === 0) {
      this.#apply(input);
      return;
    }
    this.#heard.push(input);
    if (this.#heard.length === 1) this.#around.simulation.put(this.#around.simulation.nowMs, this);
  }

  /** Takes what the engine said meanwhile. */
  run(): void {
    const heard = this.#heard;
    this.#heard = [];
    for (let index = 0; index < heard.length && !this.#isDead; index++)
      this.#apply(heard[index] as AgentInput);
  }

  /** After what is under way now, but within this life. */
  #later(run: () => void): void {
    this.#around.simulation.after(0, () => {
      if (!this.#isDead) run();
    });
  }

  #connectLater(): void {
    const { connectMaxMs } = this.#around.shell;
    this.#around.simulation.after(this.#random.below(connectMaxMs + 1), () => this.#connect());
  }

  #connect(): void {
    if (this.#isDead || this.#link !== null) return;
    const link = this.#machine.options.connect();
    if (link === null) {
      this.#connectLater();
      return;
    }
    this.#session += 1;
    const session = this.#session;
    this.#link = link;
    link.client.listen(
      (message) => this.#received(session, message),
      (cause) => {
        this.#link = null;
        if (this.#isDead) return;
        this.#apply({ kind: "link-down", session, cause });
        this.#connectLater();
      },
    );
    this.#apply({ kind: "link-up", session });
  }

  #received(session: SessionId, message: MasterToAgent): void {
    if (this.#isDead) return;
    if (message.kind !== "launch") {
      this.#apply({ kind: "master", session, message });
      return;
    }
    const tasks = message.tasks.map((task) => ({ task, run: RUN }));
    this.#apply({ kind: "launch", session, framework: message.framework, tasks });
  }

  #apply(input: AgentInput): void {
    this.#carryOut(this.core.apply(this.#machine.conditions.now, input));
  }

  #carryOut(effects: AgentEffects): void {
    if (this.#around.shell.isStrict) deepFreeze(effects);
    const isQuiet = effects.send.length === 0 && effects.act.length === 0;
    this.#outbox.push(effects.persist, isQuiet ? null : effects);
    this.#alarm.set(effects.wakeAtMs);
  }

  #deliver({ send, act }: AgentEffects): void {
    for (let index = 0; index < send.length; index++) {
      const { session, message } = send[index] as AgentEffects["send"][number];
      if (session === this.#session) this.#link?.client.send(message);
    }
    if (act.length === 0) return;
    this.#isActing = true;
    for (let index = 0; index < act.length; index++) this.#act(act[index] as AgentAction);
    this.#isActing = false;
  }

  #act(action: AgentAction): void {
    const { engine } = this.#machine;
    switch (action.kind) {
      case "launch":
        engine.launch(action.container);
        return;
      case "stop":
        engine.stop(action.containerId, action.gracePeriodMs);
        return;
      case "remove":
        engine.remove(action.containerId);
        return;
      case "check":
      case "stop-check":
        return; // A simulated container is healthy for as long as it runs.
      case "create-volume":
        if (action.isNew) this.#machine.destroyVolume(action.volume);
        this.#machine.volumes.add(volumeKey(action.volume));
        return;
      case "destroy-volume":
        this.#machine.destroyVolume(action.volume);
        return;
      case "report-orphan":
        this.#around.probes.noted(
          this.#around.simulation.nowMs,
          `${this.#machine.name}: orphan container ${action.containerId}`,
        );
        return;
      case "reconnect":
        this.#reconnect(action.session, action.cause);
        return;
      case "shut-down":
        this.#later(() => this.#machine.shutDown());
        return;
    }
  }

  #reconnect(session: SessionId, cause: string): void {
    if (session !== this.#session || this.#link === null) return;
    this.#link.client.close(cause);
    this.#link = null;
    this.#connectLater();
  }
}
