import type { FrameworkInfo } from "@bourse/model/framework";
import type { FrameworkId, SessionId, TaskId } from "@bourse/model/ids";
import type { Random } from "@bourse/model/random";
import type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
import type { TaskStatus } from "@bourse/model/task";
import { isTerminal } from "@bourse/model/task-state";
import type { Policy, PolicyEvent } from "@bourse/session/policy";
import { SchedulerSession } from "@bourse/session/scheduler-session";
import type {
  SessionConfig,
  SessionEffects,
  SessionInput,
  SessionLink,
  SessionRecord,
} from "@bourse/session/session-io";
import { Alarm } from "./alarm.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { NodeConditions } from "./node-conditions.ts";
import { Outbox } from "./outbox.ts";
import type { Surroundings } from "./shell.ts";
import type { FrameworkLink } from "./sim-master.ts";

/** A policy that can say how far it is. */
export interface SimPolicy<Input = unknown, Output = unknown> extends Policy<Input, Output> {
  /** Its next life does not know what this one has launched, and so cannot ask about it. */
  readonly isForgetful?: boolean;
  /** What it still lacks, for people; null when all is as it should be. */
  lacks?(): string | null;
  /** Tasks of its load that run or have ended well. */
  readonly placedCount?: number;
  /** How long a task of its runs and how it ends; null, or no such method: as its agent's containers do. */
  planOf?(taskId: TaskId): { readonly runMs: number; readonly exitCode: number } | null;
}

/** What is left of a policy's earlier lives. A policy continues from the one or the other. */
export interface SavedPolicy {
  /** Its newest snapshot; null at first, and in runs without crashes. */
  readonly snapshot: unknown;
  /** What it asked to be written down, oldest first (FEATURES K-6). */
  readonly intents: readonly unknown[];
  /** 1 for the first life, then 2, 3, ... */
  readonly life: number;
}

export interface SimFrameworkOptions {
  readonly name: string;
  readonly info: FrameworkInfo;
  readonly session: Omit<SessionConfig, "info" | "record" | "seed">;
  /** Null: events go to `deliver`, calls come by `enter`, as with the SDK's async driver. */
  createPolicy(saved: SavedPolicy): SimPolicy | null;
  deliver?(event: PolicyEvent<unknown>): void;
  /** What the policy says to its own users. */
  output?(output: unknown): void;
  /** False: `heard` forgets tasks that have ended, so that a run of millions of short ones stays small. */
  readonly remembersEnded?: boolean;
  connect(): FrameworkLink | null;
}

/** The machine of one framework's scheduler. Its record, and in strict runs its policy's state, outlive the process. */
export class SimFramework {
  readonly name: string;
  readonly options: SimFrameworkOptions;
  readonly conditions: NodeConditions;
  readonly #around: Surroundings;
  readonly #random: Random;
  #record: SessionRecord | undefined;
  #snapshot: unknown = null;
  readonly #intents: unknown[] = [];
  #life: FrameworkProcess | null = null;
  #starts = 0;
  #lastUpdate: FrameworkEvent | null = null;
  /** Set when the session gave up for good. */
  endCause: string | null = null;
  /** Newest status of each task that the policy was told of, whichever life heard it. */
  readonly heard = new Map<TaskId, TaskStatus>();

  constructor(around: Surroundings, options: SimFrameworkOptions) {
    this.#around = around;
    this.options = options;
    this.name = options.name;
    this.#random = around.simulation.random.fork(options.name);
    this.conditions = new NodeConditions(around.simulation);
  }

  get frameworkId(): FrameworkId | null {
    return this.#record?.frameworkId ?? null;
  }

  get policy(): SimPolicy | null {
    return this.#life?.policy ?? null;
  }

  get session(): SchedulerSession<unknown, unknown> | null {
    return this.#life?.session ?? null;
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

  /** Not waiting for ever: something will happen to it by itself. */
  get isAlert(): boolean {
    return this.#life?.isAlert ?? true;
  }

  start(): void {
    if (this.#life !== null || this.endCause !== null) return;
    this.#starts += 1;
    const policy = this.options.createPolicy({
      snapshot: this.#snapshot,
      intents: this.#intents,
      life: this.#starts,
    });
    const config: SessionConfig = {
      ...this.options.session,
      info: this.options.info,
      seed: `${this.#around.simulation.seed}/${this.name}/${this.#starts}`,
      ...(this.#record === undefined ? {} : { record: this.#record }),
    };
    this.#life = new FrameworkProcess(this, this.#around, { config, policy }, this.#random);
    this.#life.begin();
  }

  crash(): void {
    this.#life?.crash();
    this.#life = null;
  }

  /** Its session is thrown away and built anew from its own snapshot: nobody may notice. */
  reload(): void {
    this.#life?.reload();
  }

  /** What the framework's own users send it; lost while it is down. */
  input(input: unknown): void {
    this.#life?.enter({ kind: "input", input });
  }

  /** Anything else that its session can take, e.g. the calls of a driver. */
  enter(input: SessionInput<unknown>): void {
    this.#life?.enter(input);
  }

  /** The newest reliable update comes once more, as after an acknowledgement that was lost. */
  repeatUpdate(): void {
    if (this.#lastUpdate !== null) this.#life?.repeat(this.#lastUpdate);
  }

  hear(event: FrameworkEvent): void {
    this.#around.probes.frameworkHeard(this, event);
    if (event.kind !== "update") return;
    const { taskId, state } = event.status;
    if (this.options.remembersEnded === false && isTerminal(state)) this.heard.delete(taskId);
    else this.heard.set(taskId, event.status);
    if (event.status.uuid !== undefined) this.#lastUpdate = event;
  }

  store(record: Stored): void {
    if (record.kind === "policy") this.#snapshot = record.state;
    else if (record.kind === "intent") this.#intents.push(record.intent);
    else this.#record = record;
  }
}

type Stored =
  | SessionRecord
  | { readonly kind: "policy"; readonly state: unknown }
  | { readonly kind: "intent"; readonly intent: unknown };

type Effects = SessionEffects<unknown, unknown>;

/** One life of a scheduler's process. */
class FrameworkProcess {
  session: SchedulerSession<unknown, unknown>;
  readonly policy: SimPolicy | null;
  readonly #config: SessionConfig;
  readonly #machine: SimFramework;
  readonly #around: Surroundings;
  readonly #random: Random;
  readonly #outbox: Outbox<Stored, Effects>;
  readonly #alarm: Alarm;
  #link: FrameworkLink | null = null;
  #lastSession: SessionId = 0;
  #isConnecting = false;
  #isDead = false;
  /** The policy is ahead of its newest snapshot. */
  #isUnsaved = false;

  constructor(
    machine: SimFramework,
    around: Surroundings,
    core: { readonly config: SessionConfig; readonly policy: SimPolicy | null },
    random: Random,
  ) {
    this.#machine = machine;
    this.#around = around;
    this.#config = core.config;
    this.session = new SchedulerSession<unknown, unknown>(core.config, core.policy);
    this.policy = core.policy;
    this.#random = random;
    this.#alarm = new Alarm(around.simulation, () => this.enter({ kind: "wake" }));
    this.#outbox = new Outbox(around.simulation, {
      store: (records) => {
        for (const record of records) machine.store(record);
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

  /** Connected, connecting, about to be woken, or with effects on their way: something will happen. */
  get isAlert(): boolean {
    return (
      this.#link !== null ||
      this.#isConnecting ||
      !this.#outbox.isEmpty ||
      this.#alarm.wantedMs < Number.POSITIVE_INFINITY
    );
  }

  begin(): void {
    this.#carryOut(this.session.begin(this.#machine.conditions.now));
  }

  enter(input: SessionInput<unknown>): void {
    if (this.#isDead) return;
    if (this.#isUnsaved && !this.#isStoreInstant) this.#save();
    this.#carryOut(this.session.apply(this.#machine.conditions.now, input));
  }

  #carryOut(effects: Effects): void {
    const { isStrict, hasCrashes } = this.#around.shell;
    if (isStrict) deepFreeze(effects);
    const records = hasCrashes ? this.#recordsOf(effects) : effects.persist;
    this.#outbox.push(records, isQuiet(effects) ? null : effects);
    this.#alarm.set(effects.wakeAtMs);
  }

  /** What a restart must find. */
  #recordsOf({ persist, intents }: Effects): readonly Stored[] {
    const records: Stored[] = Array.from(persist);
    for (const intent of intents) records.push({ kind: "intent", intent });
    this.#isUnsaved = this.#isStoreInstant;
    if (!this.#isUnsaved) {
      const state = this.policy?.snapshot();
      if (state !== undefined) records.push({ kind: "policy", state: deepFreeze(state) });
    }
    return records;
  }

  /**
   * Whatever is decided now is on the disk at once. Then what a crash leaves of the policy is its state at the crash, and
   * a snapshot after every event, which costs a walk over all its tasks, can wait until somebody needs it.
   */
  get #isStoreInstant(): boolean {
    return this.#outbox.isEmpty && this.#machine.conditions.isStoreInstant(this.#around.shell);
  }

  #save(): void {
    this.#isUnsaved = false;
    const state = this.policy?.snapshot();
    if (state !== undefined) this.#machine.store({ kind: "policy", state: deepFreeze(state) });
  }

  reload(): void {
    const snapshot = deepFreeze(this.session.snapshot());
    this.session = SchedulerSession.restore(this.#config, this.policy, snapshot);
  }

  repeat(event: FrameworkEvent): void {
    this.enter({ kind: "event", session: this.#lastSession, event });
  }

  crash(): void {
    if (this.#isUnsaved) this.#save();
    this.#isDead = true;
    this.#alarm.stop();
    this.#outbox.crash(this.#random.chance(0.5));
    if (this.#random.chance(0.5)) this.#link?.client.close("the scheduler is gone");
    else this.#link?.break("the scheduler is gone", this.#around.shell.connectMaxMs);
  }

  #deliver({ send, link, outputs, deliver }: Effects): void {
    const { options } = this.#machine;
    for (let index = 0; index < send.length; index++) {
      const { session, call } = send[index] as Effects["send"][number];
      this.#send(session, call);
    }
    if (link.length + outputs.length + deliver.length === 0) return;
    for (const change of link) this.#relink(change);
    for (const output of outputs) options.output?.(output);
    for (const event of deliver) options.deliver?.(event);
  }

  #send(session: SessionId, call: FrameworkCall): void {
    if (session !== this.#lastSession || this.#link === null) return;
    this.#around.probes.frameworkSent(this.#machine, call);
    this.#link.client.send(call);
  }

  #relink(link: SessionLink): void {
    switch (link.kind) {
      case "connect":
        this.#connectLater();
        return;
      case "close":
        if (link.session !== this.#lastSession) return;
        this.#link?.client.close(link.cause);
        this.#link = null;
        return;
      case "give-up":
        this.#machine.endCause = link.message;
        return;
    }
  }

  #connectLater(): void {
    const { connectMaxMs } = this.#around.shell;
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    this.#around.simulation.after(this.#random.below(connectMaxMs + 1), () => this.#connect());
  }

  #connect(): void {
    this.#isConnecting = false;
    if (this.#isDead || this.#link !== null) return;
    this.#lastSession += 1;
    const session = this.#lastSession;
    const link = this.#machine.options.connect();
    if (link === null) {
      this.enter({ kind: "link-down", session, cause: "connection refused" });
      return;
    }
    this.#link = link;
    link.client.listen(
      (event) => this.#received(session, event),
      (cause) => {
        this.#link = null;
        this.enter({ kind: "link-down", session, cause });
      },
    );
    this.enter({ kind: "link-up", session });
  }

  #received(session: SessionId, event: FrameworkEvent): void {
    if (this.#isDead) return;
    this.#machine.hear(event);
    this.enter({ kind: "event", session, event });
  }
}

/** Nothing leaves. */
function isQuiet({ send, link, outputs, deliver }: Effects): boolean {
  return send.length + link.length + outputs.length + deliver.length === 0;
}
