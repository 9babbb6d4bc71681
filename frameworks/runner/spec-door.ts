import type { TaskSpec } from "@bourse/model/container";
import { ClusterError } from "@bourse/model/errors";

/** What Linux takes as one argument. */
const TEXT_MAX = 131_072;
const ENTRIES_MAX = 4_096;
const TIME_MS_MAX = 31_536_000_000;

interface Check {
  readonly wanted: string;
  readonly isRight: (value: unknown) => boolean;
}

/** The shape of every field of a TaskSpec; what the values mean is checked when the payload is made. */
const FIELDS: { readonly [K in keyof TaskSpec]-?: Check } = {
  command: { wanted: "a text or a list of texts", isRight: (v) => isText(v) || isTexts(v) },
  image: { wanted: "a text", isRight: isText },
  shouldPull: { wanted: "true or false", isRight: isFlag },
  network: { wanted: "bridge, host or none", isRight: oneOf("bridge", "host", "none") },
  portMappings: { wanted: "a list of port mappings", isRight: listOf(isPortMapping) },
  volumes: { wanted: "a list of volume mounts", isRight: listOf(isVolume) },
  environment: { wanted: "an object of texts", isRight: isTextRecord },
  user: { wanted: "a text", isRight: isText },
  isPrivileged: { wanted: "true or false", isRight: isFlag },
  entrypoint: { wanted: "a list of texts", isRight: isTexts },
  healthCheck: { wanted: "a health check with a command", isRight: isHealthCheck },
  killGraceMs: { wanted: "a time in milliseconds", isRight: isTime },
  maxCompletionMs: { wanted: "a time in milliseconds", isRight: isTime },
  labels: { wanted: "an object of texts", isRight: isTextRecord },
};

/** The same object as a TaskSpec; throws `invalid_call` with the name of a field that is unknown or has a wrong type. */
export function checkSpec(value: Readonly<Record<string, unknown>>, where: string): TaskSpec {
  for (const [key, item] of Object.entries(value)) {
    const check = Object.hasOwn(FIELDS, key) ? FIELDS[key as keyof TaskSpec] : undefined;
    if (check === undefined)
      throw new ClusterError("invalid_call", `${where} has no field ${JSON.stringify(key)}`);
    if (!check.isRight(item))
      throw new ClusterError("invalid_call", `${where}.${key} must be ${check.wanted}`);
  }
  return value as TaskSpec;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length <= TEXT_MAX;
}

function isFlag(value: unknown): boolean {
  return typeof value === "boolean";
}

function isTime(value: unknown): boolean {
  return isInteger(value, TIME_MS_MAX);
}

function isInteger(value: unknown, max: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

function isTexts(value: unknown): boolean {
  return listOf(isText)(value);
}

function listOf(isRight: (item: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.length <= ENTRIES_MAX && value.every(isRight);
}

function oneOf(...words: readonly string[]): (value: unknown) => boolean {
  return (value) => typeof value === "string" && words.includes(value);
}

function isTextRecord(value: unknown): boolean {
  if (!isObject(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= ENTRIES_MAX && entries.every(([key, text]) => isText(key) && isText(text))
  );
}

function isPortMapping(value: unknown): boolean {
  return (
    isObject(value) &&
    isInteger(value.hostPort, 65_535) &&
    isInteger(value.containerPort, 65_535) &&
    oneOf("tcp", "udp")(value.protocol)
  );
}

function isVolume(value: unknown): boolean {
  if (!isObject(value) || !isText(value.containerPath) || !oneOf("RW", "RO")(value.mode))
    return false;
  const { source } = value;
  if (!isObject(source)) return false;
  if (source.type === "host") return isText(source.path);
  return (
    source.type === "named" &&
    isText(source.name) &&
    (source.driver === undefined || isText(source.driver))
  );
}

function isHealthCheck(value: unknown): boolean {
  if (!isObject(value) || !isObject(value.command)) return false;
  const { isShell, value: text, args } = value.command;
  if (!isFlag(isShell) || !isText(text) || !isTexts(args)) return false;
  const times = ["delayMs", "intervalMs", "timeoutMs", "gracePeriodMs"] as const;
  if (!times.every((key) => value[key] === undefined || isTime(value[key]))) return false;
  return value.consecutiveFailures === undefined || isInteger(value.consecutiveFailures, 1_000_000);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
