import type { AgentInfo } from "@bourse/model/agent";
import { present } from "@bourse/model/assert";
import type { Capability } from "@bourse/model/framework";
import type { ContainerId } from "@bourse/model/ids";
import type { OperationUpdate } from "@bourse/model/operation";
import { formatResources, type Resources } from "@bourse/model/resources";
import { AgentCore } from "../agent-core.ts";
import { foldCheckpoint } from "../checkpoint.ts";
import type { AgentAction, AgentEffects, CheckpointRecord } from "../effects.ts";
import type { AgentInput, ContainerEvent, FoundContainer } from "../inputs.ts";
import type { Change } from "../operation-book.ts";
import { dynamicPart } from "../total-resources.ts";
import type { VolumeRef } from "../volumes.ts";
import {
  anyFramework,
  anyHealthCheck,
  anyOperation,
  anyRun,
  anyStart,
  anyTask,
  anyVolume,
} from "./builders.ts";

/**
 * One agent in a script: `testdata/*.txt`. Commands (`execute` is their reference):
 *
 *   begin                       start the core from its log and the containers that exist
 *   crash                       drop the core; its log and its containers stay
 *   link up | down              of the newest session
 *   registered [epoch=N] [id=a1] | reregistered [epoch=N] [unwanted=f2]
 *   launch FRAMEWORK TASK [killing] [grace=MS] [max=MS] [checked] [bad] [executor] [for=AGENT] [volume=ID]
 *   kill FRAMEWORK TASK [grace=MS]       ack TASK [again]       ping | error | shutdown
 *   shutdown-framework FRAMEWORK
 *   container TASK starting | started | failed | exited N | signal S | oom | lost
 *   vanish TASK                 somebody else removes the container
 *   stray NAME running | ended  a container that bears our label and that no task knows
 *   health TASK good | bad
 *   operate UUID KIND ROLE MIB [on=VOLUME] [id=OPERATION] [of=FRAMEWORK]     KIND as in `anyOperation`
 *   ack-operation UUID
 *   wait MS                     the timers that are due ring, each at its time
 *   tasks                       list what the core knows
 *
 * Ids of containers and updates are shown as c1, c2 and u1, u2, in the order in which they first appear.
 */
export class Story {
  readonly log: CheckpointRecord[] = [];
  #core: AgentCore | null = null;
  #nowMs = 0;
  #session = 0;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #acknowledged = "";
  readonly #found = new Map<ContainerId, FoundContainer>();
  readonly #containers = new Map<string, ContainerId>();
  readonly #outstanding = new Map<string, string>();
  readonly #names = new Map<string, string>();

  execute(line: string): string {
    const [command = "", ...words] = line.split(/\s+/);
    const flags = new Map(words.map((word) => word.split("=") as [string, string | undefined]));
    switch (command) {
      case "begin":
        return this.#begin();
      case "crash":
        this.#core = null;
        return "ok";
      case "wait":
        return this.#wait(Number(words[0]));
      case "tasks":
        return this.#tasks();
      case "stray":
        return this.#stray(words[0] ?? "", words[1] === "running");
      case "vanish":
        this.#found.delete(this.#container(words[0]));
        return "ok";
      default:
        return this.#input(this.#inputOf(command, words, flags));
    }
  }

  #inputOf(command: string, words: string[], flags: Map<string, string | undefined>): AgentInput {
    const [first = "", second = ""] = words;
    const number = (name: string, other: number): number => Number(flags.get(name) ?? other);
    const session = this.#session;
    switch (command) {
      case "link":
        if (first === "up") return { kind: "link-up", session: ++this.#session };
        return { kind: "link-down", session, cause: "broken" };
      case "registered":
      case "reregistered": {
        const unwanted = flags.get("unwanted");
        const answer = {
          agentId: flags.get("id") ?? "a1",
          epoch: number("epoch", 1),
          pingTimeoutMs: 75_000,
        };
        if (command === "registered")
          return { kind: "master", session, message: { kind: command, ...answer } };
        const unwantedFrameworks = unwanted === undefined ? [] : [unwanted];
        return {
          kind: "master",
          session,
          message: { kind: command, ...answer, unwantedFrameworks },
        };
      }
      case "launch":
        return this.#launch(first, second, flags);
      case "kill": {
        const grace = flags.get("grace");
        const killPolicy =
          grace === undefined ? {} : { killPolicy: { gracePeriodMs: Number(grace) } };
        return {
          kind: "master",
          session,
          message: { kind: "kill", frameworkId: first, taskId: second, ...killPolicy },
        };
      }
      case "ack": {
        const isAgain = flags.has("again");
        const uuid = isAgain ? this.#acknowledged : (this.#outstanding.get(first) ?? "");
        this.#acknowledged = uuid;
        return {
          kind: "master",
          session,
          message: { kind: "acknowledge", frameworkId: "f1", taskId: first, uuid },
        };
      }
      case "operate":
        return { kind: "master", session, message: operate(words, flags) };
      case "ack-operation": {
        const uuid = this.#outstanding.get(first) ?? "";
        const message = { kind: "acknowledge-operation", operationUuid: first, uuid } as const;
        return { kind: "master", session, message };
      }
      case "ping":
        return { kind: "master", session, message: { kind: "ping", sequence: 7 } };
      case "shutdown":
        return { kind: "master", session, message: { kind: "shutdown", message: "marked gone" } };
      case "shutdown-framework":
        return {
          kind: "master",
          session,
          message: { kind: "shutdown-framework", frameworkId: first },
        };
      case "error":
        return {
          kind: "master",
          session,
          message: { kind: "error", refusal: { code: "not_leader", message: "not the leader" } },
        };
      case "container":
        return this.#containerInput(first, eventOf(second, words[2] ?? ""));
      case "health":
        return {
          kind: "health",
          containerId: this.#container(first),
          isHealthy: second === "good",
          message: second === "good" ? "" : "status 1",
        };
      default:
        throw new Error(`no such command: ${command}`);
    }
  }

  #launch(frameworkId: string, taskId: string, flags: Map<string, string | undefined>): AgentInput {
    const capabilities: Capability[] = flags.has("killing") ? ["TASK_KILLING_STATE"] : [];
    const max = flags.get("max");
    const agentId = flags.get("for");
    const volumeId = flags.get("volume");
    const task = anyTask(taskId, {
      ...(volumeId === undefined ? {} : { resources: [anyVolume("eng", volumeId, 100_000)] }),
      ...(agentId === undefined ? {} : { agentId }),
      ...(flags.has("executor")
        ? { executor: { executorId: "e1", resources: [], payload: new Uint8Array(0) } }
        : {}),
    });
    const run = anyRun({
      killGraceMs: Number(flags.get("grace") ?? 3_000),
      ...(max === undefined ? {} : { maxCompletionMs: Number(max) }),
      ...(flags.has("checked") ? { healthCheck: anyHealthCheck() } : {}),
    });
    const refusal = { code: "invalid_call", message: "command.value is missing" } as const;
    return {
      kind: "launch",
      session: this.#session,
      framework: anyFramework(frameworkId, capabilities),
      tasks: [{ task, run: flags.has("bad") ? { refusal } : run }],
    };
  }

  #containerInput(taskId: string, event: ContainerEvent): AgentInput {
    const containerId = this.#container(taskId);
    if (event.kind === "started") {
      const { statusPayload } = event;
      this.#found.set(containerId, { containerId, state: { kind: "running", statusPayload } });
    }
    if (event.kind === "exited") this.#found.set(containerId, { containerId, state: event });
    return { kind: "container", containerId, event };
  }

  #stray(containerId: string, isRunning: boolean): string {
    const state = isRunning
      ? ({ kind: "running", statusPayload: new Uint8Array([1]) } as const)
      : ({ kind: "exited", exitCode: 0, isOutOfMemory: false } as const);
    this.#found.set(containerId, { containerId, state });
    return "ok";
  }

  #begin(): string {
    const checkpoint = foldCheckpoint(this.log);
    const seed = `${this.log.length}`;
    this.#core = new AgentCore(
      anyStart({ checkpoint, seed, found: Array.from(this.#found.values()) }),
    );
    return this.#show(this.#core.begin(this.#now()));
  }

  #input(input: AgentInput): string {
    // An agent that is down hears nothing; its containers go on all the same.
    return this.#core === null ? "ok" : this.#show(this.#core.apply(this.#now(), input));
  }

  #wait(durationMs: number): string {
    const endMs = this.#nowMs + durationMs;
    const lines: string[] = [];
    while (this.#wakeAtMs <= endMs) {
      this.#nowMs = Math.max(this.#nowMs, this.#wakeAtMs);
      const shown = this.#input({ kind: "wake" });
      if (shown !== "ok") lines.push(`@${this.#nowMs}`, shown);
    }
    this.#nowMs = endMs;
    return lines.length === 0 ? "ok" : lines.join("\n");
  }

  #tasks(): string {
    const { tasks } = present(this.#core, "the core").checkpoint();
    const lines = tasks.map(
      ({ frameworkId, task, latest, pending, killCause }) =>
        `${frameworkId} ${task.taskId} ${latest.state} pending=${pending.length}${killCause === null ? "" : ` kill=${killCause}`}`,
    );
    return lines.length === 0 ? "none" : lines.join("\n");
  }

  #now() {
    return { monoMs: this.#nowMs, wallMs: 1_000_000 + this.#nowMs };
  }

  #container(taskId = ""): ContainerId {
    return present(this.#containers.get(taskId), `the container of ${taskId}`);
  }

  #show(effects: AgentEffects): string {
    this.log.push(...effects.persist);
    this.#wakeAtMs = effects.wakeAtMs;
    for (const record of effects.persist) {
      if (record.kind === "task") this.#containers.set(record.task.taskId, record.containerId);
    }
    for (const { message } of effects.send) {
      if (message.kind === "operation-update") {
        this.#outstanding.set(message.update.operationUuid, message.update.uuid);
      }
      if (message.kind !== "update") continue;
      this.#outstanding.set(message.update.status.taskId, message.update.status.uuid ?? "");
    }
    const lines = [
      ...effects.persist.map((record) => `persist ${this.#showRecord(record)}`),
      ...effects.send.map(
        ({ session, message }) => `send s${session} ${this.#showFields(message)}`,
      ),
      ...effects.act.map((action) => `act ${this.#showAction(action)}`),
    ];
    return lines.length === 0 ? "ok" : lines.join("\n");
  }

  #showRecord(record: CheckpointRecord): string {
    return this.#showFields(record);
  }

  #showAction(action: AgentAction): string {
    if (action.kind !== "launch") return this.#showFields(action);
    const { containerId, frameworkId, taskId, limits, hostPorts } = action.container;
    const volumes = action.container.persistentVolumes.map(
      ({ volume, containerPath }) => ` ${volumeWord(volume)} at ${containerPath}`,
    );
    return `launch ${this.#named("c", containerId)} ${frameworkId} ${taskId} cpu=${limits.cpuMilli} mem=${limits.memBytes} ports=${hostPorts}${volumes.join("")}`;
  }

  /** The telling fields of a message or record, one after the other. */
  #showFields(data: object): string {
    const words: string[] = [];
    for (const [key, value] of Object.entries(data)) {
      if (value === undefined) continue;
      if (key === "kind") words.push(String(value));
      else if (key === "containerId") words.push(this.#named("c", String(value)));
      else if (key === "uuid" || key === "replaces")
        words.push(`${key === "uuid" ? "" : "replaces="}${this.#named("u", String(value))}`);
      else if (key === "frameworkId" || key === "taskId" || key === "state")
        words.push(String(value));
      else if (key === "framework") words.push((value as { frameworkId: string }).frameworkId);
      else if (key === "task") words.push((value as { taskId: string }).taskId);
      else if (key === "run") words.push(value === null ? "undecodable" : "");
      else if (key === "update" || key === "status") words.push(this.#showFields(value as object));
      else if (key === "volume") words.push(volumeWord(value as VolumeRef));
      else if (key === "change") words.push(changeWords(value as Change));
      else if (key === "operationUuid") words.push(String(value));
      else if (key === "info") words.push(dynamicWords((value as AgentInfo).resources));
      else if (key === "operations")
        words.push(
          (value as readonly OperationUpdate[])
            .map(({ operationUuid, state }) => `${operationUuid}=${state}`)
            .join(" "),
        );
      else if (key === "tasks")
        words.push(
          `tasks=[${(value as readonly { task: { taskId: string }; latest: { state: string } }[]).map(({ task, latest }) => `${task.taskId} ${latest.state}`).join(", ")}]`,
        );
      else if (key === "frameworks")
        words.push(
          `frameworks=[${(value as readonly { frameworkId: string }[]).map((one) => one.frameworkId).join(", ")}]`,
        );
      else if (key === "latestState" || key === "agentId" || key === "epochSeen")
        words.push(`${key}=${value}`);
      else if (["reason", "source"].includes(key))
        words.push(String(value).replace(/^[A-Z]+_/, ""));
      else if (["message", "cause"].includes(key)) words.push(`"${value}"`);
      else if (["isHealthy", "gracePeriodMs", "sequence", "operationId", "isNew"].includes(key))
        words.push(`${key}=${value}`);
    }
    return words.filter((word) => word !== "").join(" ");
  }

  #named(letter: string, id: string): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const count = Array.from(this.#names.values()).filter((name) => name.startsWith(letter)).length;
    const name = `${letter}${count + 1}`;
    this.#names.set(id, name);
    return name;
  }
}

function operate(
  [operationUuid = "", kind = "", role = "", mib = ""]: readonly string[],
  flags: ReadonlyMap<string, string | undefined>,
) {
  const [volumeId, operationId, frameworkId] = ["on", "id", "of"].map((name) => flags.get(name));
  const of = { role, milli: Number(mib) * 1_000, ...(volumeId === undefined ? {} : { volumeId }) };
  const operation = anyOperation(operationUuid, kind as Parameters<typeof anyOperation>[1], of, {
    ...(operationId === undefined ? {} : { operationId, frameworkId: frameworkId ?? "f1" }),
  });
  return { kind: "apply-operation", operation } as const;
}

function volumeWord({ role, id }: VolumeRef): string {
  return `${role}/${id}`;
}

function changeWords({ consumed, converted }: Change): string {
  return consumed.length === 0
    ? "nothing"
    : `${formatResources(consumed)} -> ${formatResources(converted)}`;
}

function dynamicWords(resources: Resources): string {
  const dynamic = dynamicPart(resources);
  return dynamic.length === 0 ? "" : `with ${formatResources(dynamic)}`;
}

function eventOf(word: string, detail: string): ContainerEvent {
  switch (word) {
    case "starting":
      return { kind: "starting" };
    case "started":
      return { kind: "started", statusPayload: new Uint8Array([1]) };
    case "failed":
      return { kind: "launch-failed", message: "no such image" };
    case "exited":
      return { kind: "exited", exitCode: Number(detail), isOutOfMemory: false };
    case "signal":
      return { kind: "exited", signal: detail, isOutOfMemory: false };
    case "oom":
      return { kind: "exited", exitCode: 137, isOutOfMemory: true };
    case "lost":
      return { kind: "exited", isOutOfMemory: false };
    default:
      throw new Error(`no such container event: ${word}`);
  }
}
