import { readFileSync } from "node:fs";
import type { StartState } from "@bourse/engine/start/start-state";
import { ClusterError } from "@bourse/model/errors";
import { addAll, canonical, contains, type Resources } from "@bourse/model/resources";
import { Ajv } from "ajv";
import { writeWholeFile } from "../whole-file.ts";

const FORMAT = "bourse-snapshot";
const VERSION = 1;
const MAKE_ONE = "make one with `bourse sim whatif --save FILE`";

/** Writes what a cluster holds, for questions without it. Throws `invalid_call` when the file cannot be written. */
export function writeSnapshot(path: string, state: StartState): void {
  const text = `${JSON.stringify({ format: FORMAT, version: VERSION, ...state }, null, 1)}\n`;
  writeWholeFile(path, text);
}

/** Reads what `writeSnapshot` wrote. Throws `not_found` or `invalid_call` and says what is wrong. */
export function readSnapshot(path: string): StartState {
  const value = parsed(path, textOf(path));
  const { format, version, ...state } = (value ?? {}) as Record<string, unknown>;
  if (format !== FORMAT) {
    throw new ClusterError("invalid_call", `${path} is no snapshot of a cluster`, {
      hint: MAKE_ONE,
    });
  }
  if (version !== VERSION) {
    throw new ClusterError(
      "unsupported",
      `${path} has version ${String(version)}, this bourse reads version ${VERSION}`,
      {
        hint: MAKE_ONE,
      },
    );
  }
  if (!isStart(state)) {
    const [error] = isStart.errors ?? [];
    const where = error?.instancePath.slice(1).replaceAll("/", ".") || "it";
    throw new ClusterError(
      "invalid_call",
      `${path} is damaged: ${where} ${error?.message ?? "is wrong"}`,
      {
        hint: MAKE_ONE,
      },
    );
  }
  requireReferences(path, state);
  return state;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const what = isMissing
      ? `there is no file ${path}`
      : `${path} cannot be read: ${(cause as Error).message}`;
    throw new ClusterError(isMissing ? "not_found" : "invalid_call", what, {
      cause,
      hint: MAKE_ONE,
    });
  }
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const what = text.trim() === "" ? "is empty" : "is no JSON, or was cut off";
    throw new ClusterError("invalid_call", `${path} ${what}`, { cause, hint: MAKE_ONE });
  }
}

/** Ids are there once, and what tasks name is there: the cores take it for granted. */
function requireReferences(path: string, { agents, frameworks, tasks }: StartState): void {
  const damaged = (what: string): ClusterError =>
    new ClusterError("invalid_call", `${path} is damaged: ${what}`, { hint: MAKE_ONE });
  const agentIds = new Set(agents.map(({ agentId }) => agentId));
  const frameworkIds = new Set(frameworks.map(({ frameworkId }) => frameworkId));
  if (agentIds.size < agents.length) throw damaged("an agent is in it twice");
  if (frameworkIds.size < frameworks.length) throw damaged("a framework is in it twice");
  const taskIds = new Set<string>();
  for (const { taskId, agentId, frameworkId } of tasks) {
    if (!agentIds.has(agentId))
      throw damaged(`task ${taskId} is on agent ${agentId}, which is not in it`);
    if (!frameworkIds.has(frameworkId))
      throw damaged(`task ${taskId} is of framework ${frameworkId}, which is not in it`);
    taskIds.add(`${frameworkId} ${taskId}`);
  }
  if (taskIds.size < tasks.length) throw damaged("a task is in it twice");
  const heldBy = new Map<string, Resources[]>(agents.map(({ agentId }) => [agentId, []]));
  for (const { agentId, resources } of tasks) heldBy.get(agentId)?.push(resources);
  for (const { agentId, hostname, total } of agents) {
    const held = heldBy.get(agentId) ?? [];
    if (!contains(exclusive(total), exclusive(addAll(held)))) {
      throw damaged(`the tasks on ${hostname} hold more than it has`);
    }
  }
}

/** Shared volumes are held by any number of tasks at once. */
function exclusive(resources: Resources): Resources {
  return canonical(resources.filter(({ isShared }) => isShared !== true));
}

const text = { type: "string", maxLength: 1_000 };
const id = { type: "string", minLength: 1, maxLength: 255 };
const time = { type: "number" };
const flag = { type: "boolean" };

function list(items: object): object {
  return { type: "array", items };
}

/** Of optional members only those that decide anything; unknown ones are left alone. */
function record(
  required: Readonly<Record<string, object>>,
  optional: Readonly<Record<string, object>> = {},
): object {
  return {
    type: "object",
    required: Object.keys(required),
    properties: { ...required, ...optional },
  };
}

const milli = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const range = record({ begin: { type: "integer" }, end: { type: "integer" } });
const resource = record(
  {
    name: id,
    value: {
      oneOf: [
        record({ type: { const: "scalar" }, milli }),
        record({ type: { const: "ranges" }, ranges: list(range) }),
        record({ type: { const: "set" }, items: list(text) }),
      ],
    },
  },
  {
    reservations: list(record({ type: { enum: ["static", "dynamic"] }, role: id })),
    disk: { type: "object" },
  },
);
const resources = list(resource);
const amounts = list(record({ name: id, milli }));
const attribute = record({ name: id, value: { type: "object", required: ["type"] } });
const machine = record({ hostname: text });

const schema = record({
  takenAtMs: time,
  source: text,
  config: { type: "object" },
  agents: list(
    record(
      {
        agentId: id,
        hostname: text,
        port: { type: "integer" },
        version: text,
        total: resources,
        attributes: list(attribute),
        isDeactivated: flag,
        isUp: flag,
        registeredAtMs: time,
      },
      { domain: record({ region: id, zone: id }), unreachableSinceMs: time },
    ),
  ),
  frameworks: list(
    record(
      {
        frameworkId: id,
        name: text,
        user: text,
        roles: list(id),
        capabilities: list(text),
        failoverTimeoutMs: { type: "number", minimum: 0 },
        isUp: flag,
        registeredAtMs: time,
      },
      { disconnectedSinceMs: time },
    ),
  ),
  tasks: list(
    record({
      frameworkId: id,
      taskId: id,
      name: text,
      agentId: id,
      role: id,
      resources,
      isKilling: flag,
      launchedAtMs: time,
    }),
  ),
  quotas: list(record({ role: id, guarantees: amounts, limits: amounts })),
  weights: list(record({ role: id, weightMilli: { type: "integer", minimum: 1 } })),
  maintenance: record({
    windows: list(record({ machines: list(machine), unavailability: record({ startMs: time }) })),
    down: list(machine),
  }),
});

const isStart = new Ajv({ strict: false }).compile<StartState>(schema);
