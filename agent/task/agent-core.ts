import type { AgentInfo } from "@bourse/model/agent";
import type { MasterToAgent } from "@bourse/model/agent-messages";
import { assert, unreachable } from "@bourse/model/assert";
import { RollingHash } from "@bourse/model/hash";
import type { AgentId, ContainerId, FrameworkId, SessionId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { OperationUpdate } from "@bourse/model/operation";
import { Random } from "@bourse/model/random";
import type { Resources } from "@bourse/model/resources";
import type { AgentEffects } from "./effects.ts";
import type {
  AgentCheckpoint,
  AgentConfig,
  AgentInput,
  AgentStart,
  FoundContainer,
  TaskRef,
} from "./inputs.ts";
import { Link, type LinkSnapshot } from "./link.ts";
import { registration, unknownTask } from "./messages.ts";
import { Operations, type OperationsSnapshot } from "./operations.ts";
import { Outbox } from "./outbox.ts";
import { recover } from "./recovery.ts";
import type { TaskEntry } from "./task-entry.ts";
import { Tasks, type TasksSnapshot } from "./tasks.ts";

/** All that an agent knows, as plain data. */
export interface AgentSnapshot {
  /** Its resources are what the machine has; `operations.total` is what the agent offers. */
  readonly info: AgentInfo;
  readonly config: AgentConfig;
  readonly link: LinkSnapshot;
  readonly tasks: TasksSnapshot;
  readonly operations: OperationsSnapshot;
  /** Containers found at the start, until `begin` has looked at them. */
  readonly found: readonly FoundContainer[] | null;
  /** Set when the master removed this agent for good. */
  readonly shutdown: { readonly message: string; readonly isTold: boolean } | null;
}

/**
 * The agent's decisions: one input in, effects out (DESIGN section 2). Knows no socket, no disk, no container
 * engine and no clock. Call `begin` once, before the first `apply`.
 */
export class AgentCore {
  readonly #info: AgentInfo;
  readonly #config: AgentConfig;
  readonly #outbox = new Outbox();
  readonly #link: Link;
  readonly #tasks: Tasks;
  readonly #operations: Operations;
  #found: readonly FoundContainer[] | null;
  #shutdown: AgentSnapshot["shutdown"];

  constructor(start: AgentStart | AgentSnapshot) {
    const from = "seed" in start ? snapshotFrom(start) : start;
    this.#info = from.info;
    this.#config = from.config;
    const { random, ...link } = from.link;
    this.#link = new Link(from.config, Random.restore(random), link);
    this.#tasks = new Tasks(from.config, this.#outbox, from.tasks);
    this.#operations = new Operations(from.config, this.#outbox, from.operations);
    this.#found = from.found;
    this.#shutdown = from.shutdown;
  }

  static restore(snapshot: AgentSnapshot): AgentCore {
    return new AgentCore(snapshot);
  }

  snapshot(): AgentSnapshot {
    return {
      info: this.#info,
      config: this.#config,
      link: this.#link.snapshot(),
      tasks: this.#tasks.snapshot(),
      operations: this.#operations.snapshot(),
      found: this.#found,
      shutdown: this.#shutdown,
    };
  }

  /** Equal for equal states. */
  stateHash(): string {
    return new RollingHash().add(this.snapshot()).digest();
  }

  /** What the log of records must fold to: compaction writes this. */
  checkpoint(): AgentCheckpoint {
    const { agentId, epochSeen } = this.#link;
    const operations = this.#operations.checkpointed();
    return { agentId, epochSeen, ...this.#tasks.store.checkpointed(), ...operations };
  }

  /** All that this agent has: dynamic reservations and volumes included. */
  get total(): Resources {
    return this.#operations.total;
  }

  /** To look at, in checks; whoever changes one breaks the core. */
  tasks(): Iterable<Readonly<TaskEntry>> {
    return this.#tasks.store.all();
  }

  /** Of operations, oldest first: those that nobody has acknowledged. */
  pendingOperations(): readonly OperationUpdate[] {
    return this.#operations.pending();
  }

  get agentId(): AgentId | null {
    return this.#link.agentId;
  }

  /** Where the output of a task is: its container, also an ended one that is still kept. */
  containerOf(ref: TaskRef): ContainerId | null {
    return this.#tasks.store.containerOf(ref);
  }

  /** Recovers what was checkpointed and found; then the agent may connect. */
  begin(now: Now): AgentEffects {
    assert(this.#found !== null, "an agent begins once");
    const found = this.#found;
    this.#found = null;
    this.#operations.begin();
    recover(now, this.#tasks, this.#outbox, found);
    return this.#take();
  }

  apply(now: Now, input: AgentInput): AgentEffects {
    assert(this.#found === null, "an agent begins before it takes input");
    switch (input.kind) {
      case "link-up":
        this.#linkUp(now, input.session);
        break;
      case "link-down":
        if (input.session === this.#link.session) this.#linkDown();
        break;
      case "master":
        this.#hear(now, input.session, input.message);
        break;
      case "launch":
        this.#launch(now, input);
        break;
      case "container":
        this.#tasks.containerEvent(now, input.containerId, input.event);
        break;
      case "health":
        this.#tasks.health(now, input.containerId, input.isHealthy, input.message);
        break;
      case "wake":
        this.#wake(now);
        break;
      default:
        unreachable(input);
    }
    this.#finishShutdown();
    return this.#take();
  }

  #take(): AgentEffects {
    return this.#outbox.take(
      Math.min(this.#link.nextMs(), this.#tasks.nextMs(), this.#operations.nextMs()),
    );
  }

  #linkUp(now: Now, session: SessionId): void {
    if (this.#link.session !== null) this.#reconnect("a newer session replaces it");
    if (this.#shutdown === null) this.#link.up(now.monoMs, session);
  }

  #linkDown(): void {
    this.#link.down();
    this.#tasks.linkDown();
    this.#operations.linkDown();
  }

  /** Gives the session up; what the shell still delivers of it is ignored. */
  #reconnect(cause: string): void {
    const { session } = this.#link;
    if (session === null) return;
    this.#linkDown();
    this.#outbox.act({ kind: "reconnect", session, cause });
  }

  #wake(now: Now): void {
    switch (this.#link.wake(now.monoMs)) {
      case "register":
        this.#register();
        break;
      case "reconnect":
        this.#reconnect("nothing was heard from the master for too long");
        break;
      case null:
    }
    this.#tasks.wake(now);
    this.#operations.wake(now);
  }

  #register(): void {
    const { session, key } = this.#link;
    assert(session !== null, "an agent registers on a session");
    const info = { ...this.#info, resources: this.#operations.total };
    const pending = this.#operations.pending();
    this.#outbox.send(session, registration(info, this.checkpoint(), pending, key));
  }

  #hear(now: Now, session: SessionId, message: Exclude<MasterToAgent, { kind: "launch" }>): void {
    if (session !== this.#link.session) return;
    this.#link.hear(now.monoMs);
    switch (message.kind) {
      case "registered":
      case "reregistered":
        this.#registered(now, session, message);
        return;
      case "ping":
        this.#outbox.send(session, { kind: "pong", sequence: message.sequence });
        return;
      case "error":
        this.#reconnect(`the master refused: ${message.refusal.message}`);
        return;
      case "shutdown":
        this.#shutDown(now, message.message);
        return;
      default:
        if (this.#link.isRegistered(session)) this.#command(now, session, message);
    }
  }

  #registered(
    now: Now,
    session: SessionId,
    answer: Extract<MasterToAgent, { kind: "registered" | "reregistered" }>,
  ): void {
    if (!this.#link.isRegistering) return;
    const { agentId, epochSeen } = this.#link;
    const problem = this.#link.accept(now.monoMs, answer);
    if (problem !== null) {
      this.#reconnect(problem);
      return;
    }
    if (agentId !== answer.agentId || epochSeen !== answer.epoch) {
      this.#outbox.persist({ kind: "agent", agentId: answer.agentId, epochSeen: answer.epoch });
    }
    if (answer.kind === "reregistered") {
      for (const id of answer.unwantedFrameworks) this.#removeFramework(now, id);
    }
    this.#tasks.linkUp(now, session);
    this.#operations.linkUp(now, session);
  }

  #command(
    now: Now,
    session: SessionId,
    message: Extract<
      MasterToAgent,
      {
        kind:
          | "kill"
          | "acknowledge"
          | "apply-operation"
          | "acknowledge-operation"
          | "shutdown-framework"
          | "message";
      }
    >,
  ): void {
    switch (message.kind) {
      case "kill": {
        const { agentId } = this.#link;
        assert(agentId !== null, "a registered agent has an id");
        const isKnown = this.#tasks.kill(now, message, message.killPolicy?.gracePeriodMs);
        if (!isKnown) this.#outbox.send(session, unknownTask(now, message, agentId));
        return;
      }
      case "acknowledge":
        this.#tasks.acknowledge(now, message, message.uuid);
        return;
      case "apply-operation":
        if (this.#shutdown !== null) return;
        this.#operations.apply(now, message.operation, this.#tasks.store.all());
        return;
      case "acknowledge-operation":
        this.#operations.acknowledge(message.operationUuid, message.uuid);
        return;
      case "shutdown-framework":
        this.#removeFramework(now, message.frameworkId);
        return;
      case "message":
        return; // Command tasks have no executor of their own that could take it.
      default:
        unreachable(message);
    }
  }

  #removeFramework(now: Now, frameworkId: FrameworkId): void {
    this.#tasks.removeFramework(now, frameworkId);
    this.#operations.removeFramework(frameworkId);
  }

  #launch(now: Now, input: Extract<AgentInput, { kind: "launch" }>): void {
    const { agentId } = this.#link;
    if (!this.#link.isRegistered(input.session) || this.#shutdown !== null) return;
    assert(agentId !== null, "a registered agent has an id");
    this.#link.hear(now.monoMs);
    const here = { agentId, total: this.#operations.total };
    for (const task of input.tasks) this.#tasks.launch(now, input.framework, task, here);
  }

  #shutDown(now: Now, message: string): void {
    if (this.#shutdown !== null) return;
    this.#shutdown = { message, isTold: false };
    this.#tasks.removeAll(now);
    this.#operations.removeAll();
  }

  /** The containers of a removed agent are gone: now the process may end, and start anew under another id. */
  #finishShutdown(): void {
    if (this.#shutdown === null || this.#shutdown.isTold || !this.#tasks.store.isIdle) return;
    const { message } = this.#shutdown;
    this.#shutdown = { message, isTold: true };
    this.#tasks.store.kept.removeAll();
    this.#link.forgetId();
    this.#outbox.persist({ kind: "agent", agentId: null, epochSeen: this.#link.epochSeen });
    this.#outbox.act({ kind: "shut-down", message });
  }
}

function snapshotFrom(start: AgentStart): AgentSnapshot {
  const { checkpoint } = start;
  const random = Random.fromSeed(start.seed);
  return {
    info: start.info,
    config: start.config,
    link: {
      ...Link.startFrom(
        checkpoint?.agentId ?? null,
        checkpoint?.epochSeen ?? 0,
        random.fork("key").hex(8),
      ),
      random: random.fork("registration").snapshot(),
    },
    tasks: Tasks.startFrom(checkpoint, random),
    operations: Operations.startFrom(start.info.resources, checkpoint, random),
    found: start.found,
    shutdown: null,
  };
}
