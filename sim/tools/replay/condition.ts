import type { Cluster } from "@bourse/cluster/cluster";
import type { Agent, Framework, Task } from "@bourse/cluster/state";
import { millisecondsOf } from "@bourse/model/duration-text";
import { ClusterError } from "@bourse/model/errors";
import { isPartitionAware } from "@bourse/model/framework";
import type { Now } from "@bourse/model/now";
import {
  AGENT_CONDITIONS,
  type AgentCondition,
  FRAMEWORK_CONDITIONS,
  type FrameworkCondition,
} from "@bourse/model/operator";
import { stateFor, TASK_STATES, type TaskState } from "@bourse/model/task-state";

/** Something that holds of a cluster or does not. It looks at little, so that it can be asked after every input. */
export interface Condition {
  readonly text: string;
  holds(cluster: Cluster, now: Now): boolean;
  /** Whether what it names was ever there: a condition on nothing is a mistake of whoever wrote it. */
  readonly hasSubject: boolean;
}

const GRAMMAR = [
  "task ID is STATE (TASK_LOST, running, ...) or gone",
  "agent ID-or-HOST is active, deactivated, disconnected, recovering, unreachable or gone",
  "framework ID-or-NAME is active, disconnected, recovered or completed",
  "framework ID-or-NAME has no offers, or has offers",
  "each with `not` after is, and `for 30s` at the end",
].join("; ");

/** `task t1 is TASK_LOST`, `agent node-1 is unreachable for 5m`, `framework web has no offers for 30s`. */
export function conditionOf(text: string): Condition {
  const words = text.trim().split(/\s+/);
  const [what = "", name = "", verb = "", ...rest] = words;
  const forAt = rest.indexOf("for");
  const object = forAt < 0 ? rest : rest.slice(0, forAt);
  const base = plainCondition(text, { what, name, verb, object });
  return forAt < 0 ? base : new Lasting(text, base, lastsMs(text, rest.slice(forAt + 1)));
}

interface Words {
  readonly what: string;
  readonly name: string;
  readonly verb: string;
  readonly object: readonly string[];
}

function plainCondition(text: string, { what, name, verb, object }: Words): Condition {
  if (what === "framework" && verb === "has") {
    const wanted = object.join(" ");
    if (wanted === "no offers" || wanted === "offers") {
      return new Offers(text, name, wanted === "offers");
    }
  }
  const isNegated = object[0] === "not";
  const [state = "", ...more] = isNegated ? object.slice(1) : object;
  if (verb !== "is" || state === "" || more.length > 0) throw malformed(text);
  const base = stateCondition(text, what, name, state);
  return isNegated ? new Negated(text, base) : base;
}

function stateCondition(text: string, what: string, name: string, state: string): Condition {
  switch (what) {
    case "task": {
      if (state.toLowerCase() === "gone") return new TaskIs(text, name, null);
      const upper = state.toUpperCase();
      const found = TASK_STATES.find((one) => one === upper || one === `TASK_${upper}`);
      if (found === undefined) throw malformed(text, `${state} is no state of a task`);
      return new TaskIs(text, name, found);
    }
    case "agent": {
      const found = [...AGENT_CONDITIONS, "gone" as const].find((one) => one === state);
      if (found === undefined) throw malformed(text, `${state} is no condition of an agent`);
      return new AgentIs(text, name, found);
    }
    case "framework": {
      const found = FRAMEWORK_CONDITIONS.find((one) => one === state);
      if (found === undefined) throw malformed(text, `${state} is no condition of a framework`);
      return new FrameworkIs(text, name, found);
    }
    default:
      throw malformed(text);
  }
}

function lastsMs(text: string, words: readonly string[]): number {
  const milliseconds = millisecondsOf(words.join(""), "s");
  if (Number.isNaN(milliseconds)) throw malformed(text, "what follows `for` is no duration");
  return milliseconds;
}

function malformed(text: string, why = "it is no condition that is known"): ClusterError {
  return new ClusterError("invalid_call", `--when ${JSON.stringify(text)}: ${why}`, {
    hint: `write one of: ${GRAMMAR}`,
  });
}

class TaskIs implements Condition {
  readonly text: string;
  readonly #taskId: string;
  /** Null = the master has forgotten it. */
  readonly #state: TaskState | null;
  /** Records are changed in place, also when a task is moved among those that ended. */
  #task: Task | null = null;
  #cluster: Cluster | null = null;
  hasSubject = false;

  constructor(text: string, taskId: string, state: TaskState | null) {
    this.text = text;
    this.#taskId = taskId;
    this.#state = state;
  }

  holds(cluster: Cluster): boolean {
    const framework = this.#find(cluster);
    if (this.#task === null) return false;
    this.hasSubject = true;
    const { state } = this.#task;
    if (this.#state === null) return framework === undefined;
    return state === this.#state || this.#toldState(cluster, state) === this.#state;
  }

  /** The framework that lists it as live. */
  #find(cluster: Cluster): Framework | undefined {
    if (this.#cluster !== cluster) this.#search(cluster);
    for (const framework of cluster.state.frameworks.values()) {
      const task = framework.tasks.get(this.#taskId);
      if (task === undefined) continue;
      this.#task = task;
      return framework;
    }
    return undefined;
  }

  /** Once for each core: it may have ended before. */
  #search(cluster: Cluster): void {
    this.#cluster = cluster;
    this.#task = null;
    for (const { completedTasks } of cluster.state.frameworks.values()) {
      const ended = completedTasks.toArray().findLast(({ info }) => info.taskId === this.#taskId);
      if (ended !== undefined) this.#task = ended;
    }
  }

  /** What a framework that is not partition-aware is told of it (FEATURES M-40). */
  #toldState({ state: { frameworks } }: Cluster, state: TaskState): TaskState {
    const framework = frameworks.get(this.#task?.frameworkId ?? "");
    return framework === undefined ? state : stateFor(state, isPartitionAware(framework.info));
  }
}

class AgentIs implements Condition {
  readonly text: string;
  readonly #name: string;
  readonly #condition: AgentCondition | "gone";
  hasSubject = false;

  constructor(text: string, name: string, condition: AgentCondition | "gone") {
    this.text = text;
    this.#name = name;
    this.#condition = condition;
  }

  holds({ state }: Cluster): boolean {
    const agent = state.agents.get(this.#name) ?? byHost(state.agents, this.#name);
    if (agent === undefined) return this.hasSubject && this.#condition === "gone";
    this.hasSubject = true;
    if (this.#condition === "deactivated") return agent.isDeactivated;
    return agent.condition === this.#condition;
  }
}

class FrameworkIs implements Condition {
  readonly text: string;
  readonly #name: string;
  readonly #condition: FrameworkCondition;
  hasSubject = false;

  constructor(text: string, name: string, condition: FrameworkCondition) {
    this.text = text;
    this.#name = name;
    this.#condition = condition;
  }

  holds({ state }: Cluster): boolean {
    const framework = frameworkNamed(state.frameworks, this.#name);
    if (framework === undefined) return this.hasSubject && this.#condition === "completed";
    this.hasSubject = true;
    return framework.condition === this.#condition;
  }
}

class Offers implements Condition {
  readonly text: string;
  readonly #name: string;
  readonly #hasSome: boolean;
  hasSubject = false;

  constructor(text: string, name: string, hasSome: boolean) {
    this.text = text;
    this.#name = name;
    this.#hasSome = hasSome;
  }

  holds({ state }: Cluster): boolean {
    const framework = frameworkNamed(state.frameworks, this.#name);
    if (framework === undefined) return false;
    this.hasSubject = true;
    return framework.offers.size > 0 === this.#hasSome;
  }
}

class Negated implements Condition {
  readonly text: string;
  readonly #base: Condition;

  constructor(text: string, base: Condition) {
    this.text = text;
    this.#base = base;
  }

  get hasSubject(): boolean {
    return this.#base.hasSubject;
  }

  holds(cluster: Cluster, now: Now): boolean {
    return !this.#base.holds(cluster, now) && this.#base.hasSubject;
  }
}

/** Has held for so long without a break. It comes true at the first input after that time. */
class Lasting implements Condition {
  readonly text: string;
  readonly #base: Condition;
  readonly #lastsMs: number;
  #sinceMs: number | null = null;

  constructor(text: string, base: Condition, lastsMs: number) {
    this.text = text;
    this.#base = base;
    this.#lastsMs = lastsMs;
  }

  get hasSubject(): boolean {
    return this.#base.hasSubject;
  }

  holds(cluster: Cluster, now: Now): boolean {
    if (!this.#base.holds(cluster, now)) {
      this.#sinceMs = null;
      return false;
    }
    this.#sinceMs ??= now.wallMs;
    return now.wallMs - this.#sinceMs >= this.#lastsMs;
  }
}

function byHost(agents: ReadonlyMap<string, Agent>, hostname: string): Agent | undefined {
  for (const agent of agents.values()) if (agent.info.hostname === hostname) return agent;
  return undefined;
}

function frameworkNamed(
  frameworks: ReadonlyMap<string, Framework>,
  name: string,
): Framework | undefined {
  const byId = frameworks.get(name);
  if (byId !== undefined) return byId;
  for (const framework of frameworks.values()) if (framework.info.name === name) return framework;
  return undefined;
}
