import type { AgentToMaster } from "@bourse/model/agent-messages";
import type { Operation } from "@bourse/model/offer";
import type { OperationState, OperationUpdate } from "@bourse/model/operation";
import type { OperatorCall } from "@bourse/model/operator";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { NO_PAYLOAD, type TaskInfo, type TaskStatus } from "@bourse/model/task";
import type { TaskReason, TaskState } from "@bourse/model/task-state";
import {
  agentInfo,
  constraintsOf,
  frameworkInfo,
  listOf,
  operationOf,
  quotaOf,
  taskOf,
  weightOf,
} from "./builders.ts";
import { machinesOf, scheduleOf } from "./maintenance-words.ts";
import { resourcesOf } from "./resource-words.ts";
import { formatEffects } from "./script-format.ts";
import { queryLines } from "./script-queries.ts";
import { WALL_ORIGIN_MS, World } from "./world.ts";

/** What the commands of a script do. One command, one output; `ok` when there is nothing to show. */
export class Script {
  readonly #world: World;
  readonly #shown = new Set<string>();

  constructor(world = new World()) {
    this.#world = world;
  }

  run(line: string): string {
    const [command, ...words] = line
      .trim()
      .split(/\s+/)
      .map((word) => this.#whole(word));
    const lines = this.#perform(command ?? "", words);
    return lines.length === 0 ? "ok" : lines.map((text) => this.#short(text)).join("\n");
  }

  /**
   *   show KIND...               heartbeat, ping, event or persist lines from now on
   *   at SECONDS                 time passes; timers fire
   *   SESSION subscribe|...      a call of a framework
   *   SESSION register|...       a message of an agent
   *   SESSION close CAUSE        the stream breaks
   *   operator CALL ID...        see `operatorCall`
   *   whitelist HOST...         only these agents are offered; `whitelist` alone: all
   *   restart [SECONDS]          the master dies, a new one starts from the registry (then)
   *   reload                     the same master from its snapshot
   *   tasks, agents, frameworks, offers, operations, reservations, volumes, roles, maintenance, explain F   what an operator sees
   */
  #perform(command: string, words: readonly string[]): string[] {
    const world = this.#world;
    if (/^s\d+$/.test(command)) return this.#onSession(Number(command.slice(1)), words);
    switch (command) {
      case "show":
        for (const word of words) this.#shown.add(word);
        return [];
      case "at":
        return formatEffects(world.advanceTo(Number(words[0]) * 1000), this.#shown);
      case "operator":
        return this.#operator(words);
      case "whitelist": {
        const agents = words.length === 0 ? null : words;
        return this.#show(world.apply({ kind: "whitelist", agents }));
      }
      case "restart":
        if (words[0] !== undefined) world.monoMs = Number(words[0]) * 1000;
        world.restart();
        return formatEffects(world.advanceTo(world.monoMs), this.#shown);
      case "reload":
        world.reload();
        return [];
      case "tasks":
      case "agents":
      case "frameworks":
      case "offers":
      case "explain":
      case "operations":
      case "reservations":
      case "volumes":
      case "roles":
      case "maintenance":
        return queryLines(world, command, words[0] ?? "");
      default:
        throw new Error(`no command ${command}`);
    }
  }

  #onSession(session: number, [verb = "", ...words]: readonly string[]): string[] {
    const { plain, named } = argumentsOf(words);
    if (verb === "close") {
      const kind = this.#world.cluster.state.sessions.get(session)?.kind ?? "agent";
      const cause = words.join(" ") || "broken";
      return this.#show(this.#world.apply({ kind: `${kind}-closed`, session, cause }));
    }
    const principal = named.get("as") ?? null;
    const message = agentMessage(verb, plain, named, (word) => this.#whole(word));
    if (message !== null) {
      return this.#show(this.#world.apply({ kind: "agent-message", session, message, principal }));
    }
    const call = this.#frameworkCall(verb, plain, named);
    return this.#show(this.#world.apply({ kind: "framework-call", session, call, principal }));
  }

  #frameworkCall(
    verb: string,
    plain: readonly string[],
    named: ReadonlyMap<string, string>,
  ): FrameworkCall {
    const refuse = named.get("refuse");
    const filters = refuse === undefined ? {} : { refuseMs: Number(refuse) * 1000 };
    const [first = "", second = "", third = ""] = plain;
    switch (verb) {
      case "subscribe":
        return {
          kind: "subscribe",
          ...(first !== "" && { frameworkId: first }),
          info: frameworkInfo(first, named),
          suppressedRoles: listOf(named.get("suppressed")),
          ...constraintsOf(named),
          epochSeen: Number(named.get("epoch") ?? 0),
        };
      case "teardown":
        return { kind: "teardown" };
      case "accept": {
        const offerIds = first.split(",").map((word) => this.#whole(word));
        const agentId = this.#world.cluster.state.offers.get(offerIds[0] ?? "")?.offer.agentId;
        const operations = operationsOf(plain.slice(1), agentId ?? this.#whole("S0"));
        return { kind: "accept", offerIds, operations, filters };
      }
      case "decline": {
        const offerIds = first.split(",").map((word) => this.#whole(word));
        const reasons = listOf(named.get("because")).map((code) => ({ code }));
        return { kind: "decline", offerIds, filters, reasons };
      }
      case "revive":
        return {
          kind: "revive",
          roles: plain,
          ...(named.has("most") && { offersMax: Number(named.get("most")) }),
        };
      case "suppress":
        return { kind: "suppress", roles: plain };
      case "kill": {
        const grace = named.get("grace");
        return {
          kind: "kill",
          taskId: first,
          ...(second !== "" && { agentId: second }),
          ...(grace !== undefined && { killPolicy: { gracePeriodMs: Number(grace) * 1000 } }),
        };
      }
      case "ack":
        return { kind: "acknowledge", agentId: first, taskId: second, uuid: third };
      case "reconcile":
        return { kind: "reconcile", tasks: plain.map((text) => this.#taskAt(text)) };
      case "ack-op":
        return { kind: "acknowledge-operation", operationId: first, uuid: second };
      case "reconcile-op": {
        const operations = plain.map((text) => {
          const { taskId, ...rest } = this.#taskAt(text);
          return { operationId: taskId, ...rest };
        });
        return { kind: "reconcile-operations", operations };
      }
      case "accept-inverse":
      case "decline-inverse": {
        const inverseOfferIds = plain.map((word) => this.#whole(word));
        return { kind: verb, inverseOfferIds, filters };
      }
      case "update-framework":
        return {
          kind: "update-framework",
          info: frameworkInfo(first, named),
          suppressedRoles: listOf(named.get("suppressed")),
          ...constraintsOf(named),
        };
      case "message":
        return { kind: "message", agentId: first, executorId: second, data: NO_PAYLOAD };
      default:
        throw new Error(`no call or message ${verb}`);
    }
  }

  #taskAt(text: string) {
    const [taskId = "", agentId] = text.split("@");
    return { taskId, ...(agentId !== undefined && { agentId: this.#whole(agentId) }) };
  }

  #operator(words: readonly string[]): string[] {
    const call = operatorCall(words);
    return this.#show(this.#world.apply({ kind: "operator-call", request: 1, call }));
  }

  #show(effects: ReturnType<World["apply"]>): string[] {
    return formatEffects(effects, this.#shown);
  }

  /** `S0`, `O0`, `0000` of this master, `2-S0` of the one with epoch 2, as whole ids. */
  #whole(word: string): string {
    const own = /^(?:(\d+)-)?([OPSI]\d+|0\d{3})$/.exec(word);
    if (own === null) return word;
    const [prefix] = this.#world.cluster.state.masterId.split("-");
    return `${prefix}-${own[1] ?? "1"}-${own[2]}`;
  }

  #short(text: string): string {
    const [prefix] = this.#world.cluster.state.masterId.split("-");
    return text.replaceAll(`${prefix}-1-`, "").replaceAll(`${prefix}-`, "");
  }
}

/**
 * `deactivate S0`, `teardown f1`, `kill f1 t1`, `operate S0 reserve:cpus(eng)=1`, `weights eng=2 ops=0.5`,
 * `schedule h1,h2@60+30 h3@90` (seconds: from, and for how long), `start-maintenance h1,h2`,
 * `quotas [force] eng:cpus=GUARANTEE/LIMIT,mem=/LIMIT`.
 */
function operatorCall([call = "", id = "", ...more]: readonly string[]): OperatorCall {
  switch (call) {
    case "deactivate":
    case "reactivate":
      return { kind: `${call}-agent`, agentId: id };
    case "teardown":
      return { kind: "teardown-framework", frameworkId: id };
    case "kill":
      return { kind: "kill-task", frameworkId: id, taskId: more[0] ?? "" };
    case "operate":
      return { kind: "operate", agentId: id, operation: operationOf(more[0] ?? "") };
    case "weights":
      return { kind: "update-weights", weights: [id, ...more].map(weightOf) };
    case "quotas": {
      const isForced = id === "force";
      return {
        kind: "update-quotas",
        quotas: (isForced ? more : [id, ...more]).map(quotaOf),
        isForced,
      };
    }
    case "schedule":
      return { kind: "update-maintenance-schedule", windows: scheduleOf([id, ...more]) };
    case "start-maintenance":
    case "stop-maintenance":
      return { kind: call, machines: machinesOf(listOf(id)) };
    default:
      throw new Error(`no operator call ${call}`);
  }
}

function agentMessage(
  verb: string,
  plain: readonly string[],
  named: ReadonlyMap<string, string>,
  whole: (word: string) => string,
): AgentToMaster | null {
  const [first = "", second = ""] = plain;
  const epochSeen = Number(named.get("epoch") ?? 0);
  switch (verb) {
    case "register":
      return { kind: "register", info: agentInfo(named), epochSeen };
    case "reregister": {
      const tasks = plain.slice(1).map((text) => {
        const [key = "", state = "TASK_RUNNING", uuid] = text.split(":");
        const [frameworkId = "", taskId = ""] = key.split("/");
        const task = taskOf(`${taskId}:cpus=1,mem=128`, first);
        return { frameworkId, task, latest: agentStatus(taskId, state, named, uuid) };
      });
      const ids = new Set(tasks.map(({ frameworkId }) => frameworkId));
      const frameworks = Array.from(ids, (id) => ({
        frameworkId: id,
        info: frameworkInfo(id, new Map()),
      }));
      const info = agentInfo(named);
      return {
        kind: "reregister",
        agentId: first,
        info,
        epochSeen,
        tasks,
        frameworks,
        operations: listOf(named.get("ops"), ";").map((text) => operationUpdate(text, whole)),
      };
    }
    case "update": {
      const [frameworkId = "", taskId = ""] = first.split("/");
      const status = agentStatus(taskId, second, named, named.get("uuid"));
      const latestState = (named.get("latest") ?? second) as TaskState;
      return { kind: "update", update: { frameworkId, status, latestState } };
    }
    case "op":
      return { kind: "operation-update", update: operationUpdate(first, whole) };
    case "pong":
      return { kind: "pong", sequence: Number(first) };
    case "unregister":
      return { kind: "unregister" };
    default:
      return null;
  }
}

/** `UUID:STATE:UPDATE[:FRAMEWORK:ID[:CONVERTED]]`. */
function operationUpdate(text: string, whole: (word: string) => string): OperationUpdate {
  const [operation = "", state = "", uuid = "", frameworkId, operationId, ...converted] =
    text.split(":");
  return {
    operationUuid: whole(operation),
    ...(frameworkId && { frameworkId }),
    ...(operationId && { operationId }),
    state: state as OperationState,
    convertedResources: resourcesOf(converted.join(":")),
    uuid,
  };
}

/** Tasks in a row are one launch; `+reserve:...` or `+reserve#id:...` is an operation. */
function operationsOf(words: readonly string[], agentId: string): Operation[] {
  const operations: Operation[] = [];
  let tasks: TaskInfo[] | null = words.length === 0 ? [] : null;
  for (const word of words) {
    if (!word.startsWith("+")) {
      if (tasks === null) {
        tasks = [];
        operations.push({ kind: "launch", tasks });
      }
      tasks.push(taskOf(word, agentId));
      continue;
    }
    tasks = null;
    const [, kind = "", operationId, rest = ""] = /^\+(\w+)(?:#([^:]*))?:(.*)$/.exec(word) ?? [];
    const operation = operationOf(`${kind}:${rest}`);
    operations.push(operationId === undefined ? operation : { ...operation, operationId });
  }
  return operations.length === 0 ? [{ kind: "launch", tasks: [] }] : operations;
}

function agentStatus(
  taskId: string,
  state: string,
  named: ReadonlyMap<string, string>,
  uuid: string | undefined,
): TaskStatus {
  const reason = named.get("reason");
  const message = named.get("message");
  return {
    taskId,
    state: state as TaskState,
    source: "SOURCE_AGENT",
    timestampMs: WALL_ORIGIN_MS,
    ...(reason !== undefined && { reason: reason as TaskReason }),
    ...(message !== undefined && { message }),
    ...(uuid !== undefined && { uuid }),
  };
}

function argumentsOf(words: readonly string[]) {
  const plain: string[] = [];
  const named = new Map<string, string>();
  for (const word of words) {
    const match = /^([a-z]+)=(.*)$/.exec(word);
    if (match === null) plain.push(word);
    else named.set(match[1] ?? "", match[2] ?? "");
  }
  return { plain, named };
}
