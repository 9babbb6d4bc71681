import { Cluster } from "@bourse/cluster/cluster";
import type { Effects, Sending } from "@bourse/cluster/effects";
import type { ClusterConfig, ClusterInput, ClusterStart } from "@bourse/cluster/inputs";
import type { AgentToMaster, MasterToAgent } from "@bourse/model/agent-messages";
import type { RequestId, SessionId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { OperatorCall, OperatorReply } from "@bourse/model/operator";
import type { Random } from "@bourse/model/random";
import type { RegistryEntry, RegistryRecord } from "@bourse/model/registry";
import type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
import { Alarm } from "./alarm.ts";
import { deepFreeze } from "./deep-freeze.ts";
import type { Link } from "./network.ts";
import { NodeConditions } from "./node-conditions.ts";
import { Outbox } from "./outbox.ts";
import type { Surroundings } from "./shell.ts";

export type FrameworkLink = Link<FrameworkCall, FrameworkEvent>;
export type AgentLink = Link<AgentToMaster, MasterToAgent>;

type Session =
  | { readonly kind: "framework"; readonly link: FrameworkLink }
  | { readonly kind: "agent"; readonly link: AgentLink };

/** Runs one apply of a core; tools put a stopwatch around it. */
export type Timed = (now: Now, input: ClusterInput, apply: () => Effects) => Effects;

/**
 * The machine of a master: its disk outlives the process. A restart is a new `Cluster` from what the disk holds, with
 * the next epoch. The shell around the core is the live one in small: a loop over drained batches, one FIFO behind it.
 */
export class SimMaster {
  readonly name = "master";
  readonly conditions: NodeConditions;
  readonly #around: Surroundings;
  readonly #config: ClusterConfig;
  readonly #seed: string;
  readonly #random: Random;
  readonly #disk = new Map<string, RegistryEntry>();
  #epoch = 0;
  #life: MasterProcess | null = null;
  timed: Timed | null = null;
  /** Answers to operator calls, by request. */
  readonly replies = new Map<RequestId, OperatorReply>();
  #requests = 0;

  constructor(around: Surroundings, config: ClusterConfig) {
    this.#around = around;
    this.#config = config;
    this.#random = around.simulation.random.fork("master");
    this.conditions = new NodeConditions(around.simulation);
    this.#seed = `${around.simulation.seed}/master`;
  }

  /** The core; null while the master is down. */
  get cluster(): Cluster | null {
    return this.#life?.cluster ?? null;
  }

  get isUp(): boolean {
    return this.#life !== null;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** When its core wants to be woken; Infinity = never, or it is down. */
  get wakeAtMs(): number {
    return this.#life?.wakeAtMs ?? Number.POSITIVE_INFINITY;
  }

  /** Nothing waits to be decided, stored or sent. */
  get isDrained(): boolean {
    return this.#life?.isDrained ?? true;
  }

  /** What a restart would begin with, by key. */
  get stored(): ReadonlyMap<string, RegistryEntry> {
    return this.#disk;
  }

  start(): void {
    if (this.#life !== null) return;
    this.#epoch += 1;
    const start: ClusterStart = {
      config: this.#config,
      epoch: this.#epoch,
      seed: this.#seed,
      entries: Array.from(this.#disk.values()),
    };
    this.#life = new MasterProcess(this, this.#around, start, this.#random);
    this.#life.begin();
  }

  /** Its core is thrown away and built anew from its own snapshot: nobody may notice. */
  reload(): void {
    this.#life?.reload();
  }

  crash(): void {
    this.#life?.crash();
    this.#life = null;
  }

  accept(session: Session): void {
    this.#life?.accept(session);
  }

  operate(call: OperatorCall): RequestId {
    const request = this.#requests;
    this.#requests += 1;
    this.#life?.enter({ kind: "operator-call", request, call, principal: null });
    return request;
  }

  store(record: RegistryRecord): void {
    if (record.op === "put") this.#disk.set(record.key, record.entry);
    else this.#disk.delete(record.key);
  }
}

/** One life of the master's process. */
class MasterProcess {
  cluster: Cluster;
  readonly #start: ClusterStart;
  readonly #machine: SimMaster;
  readonly #around: Surroundings;
  readonly #random: Random;
  readonly #outbox: Outbox<RegistryRecord, readonly Sending[]>;
  readonly #alarm: Alarm;
  readonly #sessions = new Map<SessionId, Session>();
  #inbox: ClusterInput[] = [];
  #isTurnDue = false;
  #isDead = false;
  #lastSession = 0;
  /** What is decided on at the moment: one closure for all decisions that are timed. */
  #now: Now;
  #input: ClusterInput = WAKE;
  readonly #decide = (): Effects => this.cluster.apply(this.#now, this.#input);

  constructor(machine: SimMaster, around: Surroundings, start: ClusterStart, random: Random) {
    this.#machine = machine;
    this.#around = around;
    this.cluster = new Cluster(start);
    this.#start = start;
    this.#random = random;
    this.#now = machine.conditions.now;
    this.#alarm = new Alarm(around.simulation, () => this.enter(WAKE));
    this.#outbox = new Outbox(around.simulation, {
      store: (records) => {
        for (const record of records) machine.store(record);
      },
      deliver: (sendings) => {
        for (let index = 0; index < sendings.length; index++)
          this.#deliver(sendings[index] as Sending);
      },
      drawDelayMs: (recordCount) =>
        machine.conditions.drawDelayMs(around.shell, random, recordCount),
    });
  }

  get wakeAtMs(): number {
    return this.#alarm.wantedMs;
  }

  get isDrained(): boolean {
    return this.#inbox.length === 0 && this.#outbox.isEmpty;
  }

  /** A first wake: the core learns the time and says when it wants the next. */
  begin(): void {
    this.enter(WAKE);
  }

  reload(): void {
    this.cluster = Cluster.restore(deepFreeze(this.cluster.snapshot()), this.#start);
  }

  enter(input: ClusterInput): void {
    this.#inbox.push(input);
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    const { turnMaxMs } = this.#around.shell;
    const delayMs = turnMaxMs === 0 ? 0 : this.#random.below(turnMaxMs + 1);
    this.#around.simulation.after(delayMs, this.#turn);
  }

  accept(session: Session): void {
    this.#lastSession += 1;
    const id = this.#lastSession;
    this.#sessions.set(id, session);
    if (session.kind === "framework") {
      session.link.server.listen(
        (call) => this.enter({ kind: "framework-call", session: id, call, principal: null }),
        (cause) => this.#closed(id, "framework-closed", cause),
      );
    } else {
      session.link.server.listen(
        (message) => this.enter({ kind: "agent-message", session: id, message, principal: null }),
        (cause) => this.#closed(id, "agent-closed", cause),
      );
    }
  }

  crash(): void {
    this.#isDead = true;
    this.#alarm.stop();
    this.#outbox.crash(this.#random.chance(0.5));
    for (const { link } of this.#sessions.values()) {
      if (this.#random.chance(0.5)) link.server.close("the master is gone");
      else link.break("the master is gone", this.#around.shell.connectMaxMs);
    }
  }

  #closed(session: SessionId, kind: "framework-closed" | "agent-closed", cause: string): void {
    this.#sessions.delete(session);
    if (!this.#isDead) this.enter({ kind, session, cause, principal: null });
  }

  /** Everything that has come in, then the end of the batch, where the allocator runs. */
  readonly #turn = (): void => {
    this.#isTurnDue = false;
    if (this.#isDead) return;
    const batch = this.#inbox;
    this.#inbox = [];
    for (let index = 0; index < batch.length; index++) this.#apply(batch[index] as ClusterInput);
    this.#apply(BATCH_END);
  };

  #apply(input: ClusterInput): void {
    const { timed, conditions } = this.#machine;
    const { now } = conditions;
    this.#now = now;
    this.#input = input;
    const effects =
      timed === null ? this.cluster.apply(now, input) : timed(now, input, this.#decide);
    if (this.#around.shell.isStrict) deepFreeze(effects);
    this.#alarm.set(effects.wakeAtMs);
    this.#outbox.push(effects.persist, effects.send.length === 0 ? null : effects.send);
    this.#around.probes.masterDecided(now, input, effects);
  }

  #deliver(sending: Sending): void {
    this.#around.probes.masterSent(sending);
    switch (sending.to) {
      case "framework": {
        const session = this.#sessions.get(sending.session);
        if (session?.kind === "framework") session.link.server.send(sending.event);
        return;
      }
      case "agent": {
        const session = this.#sessions.get(sending.session);
        if (session?.kind === "agent") session.link.server.send(sending.message);
        return;
      }
      case "close":
        this.#sessions.get(sending.session)?.link.server.close("closed by the master");
        this.#sessions.delete(sending.session);
        return;
      case "operator":
        this.#machine.replies.set(sending.request, sending.reply);
        return;
      case "events":
        return;
    }
  }
}

const WAKE: ClusterInput = { kind: "wake", principal: null };
const BATCH_END: ClusterInput = { kind: "batch-end", principal: null };
