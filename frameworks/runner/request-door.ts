import type { TaskSpec } from "@bourse/model/container";
import { ClusterError } from "@bourse/model/errors";
import { canonical, type Resource, type Resources } from "@bourse/model/resources";
import type { RestartPolicy, RunnerJob, RunnerRequest } from "@bourse/model/runner";
import { LIMITS } from "@bourse/proto/wire/limits";
import { encodeTaskPayload } from "@bourse/proto/wire/task";
import { portsOf, withPorts } from "@bourse/session/host-ports";
import { checkSpec } from "./spec-door.ts";

const NAME_MAX = 255;
const PORTS_MAX = 1_000;
const GRACE_MS_MAX = 86_400_000;

/** A request as it came over the wire, or `invalid_call` with the field that is wrong. Nothing half-good passes. */
export function parseRequest(method: string, body: Uint8Array): RunnerRequest {
  const value = parseObject(body);
  switch (method) {
    case "run":
      return { kind: "run", job: jobOf(objectOf(value.job, "job")) };
    case "list":
      if (typeof value.hasEnded !== "boolean") throw wrong("hasEnded", "true or false");
      return { kind: "list", hasEnded: value.hasEnded };
    case "watch":
    case "why":
      return { kind: method, jobId: textOf(value.jobId, "jobId") };
    case "kill": {
      const jobId = textOf(value.jobId, "jobId");
      if (value.gracePeriodMs === undefined) return { kind: "kill", jobId };
      const gracePeriodMs = integerOf(value.gracePeriodMs, "gracePeriodMs", GRACE_MS_MAX);
      return { kind: "kill", jobId, gracePeriodMs };
    }
    default:
      throw new ClusterError("unsupported", `the runner has no method ${JSON.stringify(method)}`, {
        hint: "it has run, list, watch, kill and why",
      });
  }
}

function jobOf(value: Readonly<Record<string, unknown>>): RunnerJob {
  const spec = checkSpec(objectOf(value.spec, "job.spec"), "job.spec");
  const job: RunnerJob = {
    name: textOf(value.name, "job.name"),
    spec,
    resources: resourcesOf(value.resources),
    restart: restartOf(objectOf(value.restart, "job.restart")),
    ports: integerOf(value.ports, "job.ports", PORTS_MAX),
  };
  refuseWhatCannotRun(spec, job.ports);
  return job;
}

/** What no agent could run is refused here, before anything is written down. */
function refuseWhatCannotRun(spec: TaskSpec, asked: number): void {
  const ports = portsOf(spec, asked);
  if (ports > PORTS_MAX) throw wrong("job.spec.portMappings", `at most ${PORTS_MAX} open ones`);
  const hostPorts = Array.from({ length: ports }, (_, index) => 31_000 + index);
  let bytes = 0;
  try {
    bytes = encodeTaskPayload(withPorts(spec, hostPorts)).length;
  } catch (thrown) {
    const error = ClusterError.from(thrown);
    throw new ClusterError("invalid_call", `job.spec: ${error.message}`, { cause: thrown });
  }
  if (bytes > LIMITS.payload)
    throw wrong("job.spec", `at most ${LIMITS.payload} bytes, not ${bytes}`);
}

function resourcesOf(value: unknown): Resources {
  if (!Array.isArray(value) || value.length === 0 || value.length > 64)
    throw wrong("job.resources", "a list of 1 to 64 resources");
  const list = value.map((item, index): Resource => {
    const field = `job.resources[${index}]`;
    const resource = objectOf(item, field);
    const name = textOf(resource.name, `${field}.name`);
    const amount = objectOf(resource.value, `${field}.value`);
    if (amount.type !== "scalar")
      throw wrong(`${field}.value.type`, "scalar; host ports are asked for with job.ports");
    const milli = integerOf(amount.milli, `${field}.value.milli`, Number.MAX_SAFE_INTEGER);
    return { name, value: { type: "scalar", milli } };
  });
  const resources = canonical(list);
  if (resources.length === 0) throw wrong("job.resources", "more than nothing");
  return resources;
}

function restartOf(value: Readonly<Record<string, unknown>>): RestartPolicy {
  switch (value.kind) {
    case "never":
    case "always":
      return { kind: value.kind };
    case "on-failure":
      if (value.attemptsMax === undefined) return { kind: "on-failure" };
      return {
        kind: "on-failure",
        attemptsMax: integerOf(value.attemptsMax, "job.restart.attemptsMax", 1_000_000),
      };
    default:
      throw wrong("job.restart.kind", "never, on-failure or always");
  }
}

/** The body of a call: a JSON object. */
export function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new ClusterError("invalid_call", "the body of the call is not JSON", { cause });
  }
  return objectOf(value, "the body of the call");
}

function objectOf(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(field, "an object");
  return value as Readonly<Record<string, unknown>>;
}

function textOf(value: unknown, field: string): string {
  if (typeof value !== "string" || value === "" || value.length > NAME_MAX)
    throw wrong(field, `a text of 1 to ${NAME_MAX} characters`);
  return value;
}

function integerOf(value: unknown, field: string, max: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > max)
    throw wrong(field, `a whole number from 0 to ${max}`);
  return value as number;
}

function wrong(field: string, wanted: string): ClusterError {
  return new ClusterError("invalid_call", `${field} must be ${wanted}`);
}
