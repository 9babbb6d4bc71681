import { ClusterError } from "@bourse/model/errors";
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { invalid } from "./codec.ts";

/**
 * A message from JSON, read as Mesos reads it: fields by their proto name, unknown ones ignored; `null` is absent;
 * one value stands for a list of one; enums by name, an unknown name is absent unless required; numbers and flags may
 * be text. Brings the JSON into the strict form that the library reads. Refuses, with the path, what has the wrong kind
 * and what lacks a required field.
 */
export function messageFromJson<D extends DescMessage>(schema: D, json: unknown): MessageShape<D> {
  const strict = messageOf(schema, json, schema.typeName, 0);
  try {
    return fromJson(schema, strict);
  } catch (error) {
    throw invalid(`${schema.typeName}: ${ClusterError.from(error).message}`, error);
  }
}

/** Containers nest, and nothing else does for ever: nobody means more. */
const DEPTH_MAX = 64;

function messageOf(schema: DescMessage, json: unknown, path: string, depth: number): JsonValue {
  if (!isObject(json)) throw invalid(`${path} is not an object`);
  if (depth > DEPTH_MAX) throw invalid(`${path} is nested too deeply`);
  if (schema.typeName === "google.protobuf.Duration") return durationOf(json);
  const strict: JsonObject = {};
  for (const field of schema.fields) {
    const given = Object.hasOwn(json, field.name) ? json[field.name] : undefined;
    const value =
      given === undefined || given === null
        ? undefined
        : fieldOf(field, given, `${path}.${field.name}`, depth);
    if (value !== undefined) strict[field.name] = value;
    else if (field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED) {
      throw invalid(`${path}.${field.name} is missing`);
    }
  }
  return strict;
}

function fieldOf(
  field: DescField,
  json: unknown,
  path: string,
  depth: number,
): JsonValue | undefined {
  if (field.fieldKind === "map") return mapOf(field, json, path, depth);
  if (field.fieldKind !== "list") return itemOf(field, json, path, depth);
  const items = Array.isArray(json) ? json : [json];
  return items.flatMap((item, index) => {
    if (item === null) return [];
    const value = itemOf(field, item, `${path}[${index}]`, depth);
    return value === undefined ? [] : [value];
  });
}

function mapOf(field: DescField, json: unknown, path: string, depth: number): JsonValue {
  if (!isObject(json)) throw invalid(`${path} is not an object`);
  const entries = Object.entries(json).flatMap(([key, item]) => {
    const value = item === null ? undefined : itemOf(field, item, `${path}.${key}`, depth);
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries);
}

function itemOf(
  field: DescField,
  json: unknown,
  path: string,
  depth: number,
): JsonValue | undefined {
  if (field.message) return messageOf(field.message, json, path, depth + 1);
  if (field.enum) return enumOf(field.enum, json, path);
  return scalarOf(field.scalar as ScalarType, json, path);
}

function enumOf(list: DescEnum, json: unknown, path: string): string | undefined {
  if (typeof json !== "string") throw invalid(`${path} is not the name of a ${list.name}`);
  return list.values.some((value) => value.name === json) ? json : undefined;
}

function scalarOf(type: ScalarType, json: unknown, path: string): JsonValue {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      if (typeof json !== "string") throw invalid(`${path} is not text`);
      return json;
    case ScalarType.BOOL:
      if (json === true || json === "true") return true;
      if (json === false || json === "false") return false;
      throw invalid(`${path} is neither true nor false`);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return doubleOf(json, path);
    default:
      return integerOf(json, path);
  }
}

function doubleOf(json: unknown, path: string): number | string {
  if (json === "Infinity" || json === "-Infinity") return json;
  return numberOf(json, path);
}

/** Mesos cuts off what is behind the point. Text keeps the digits of numbers that are longer than a double's. */
function integerOf(json: unknown, path: string): number | string {
  if (typeof json === "string" && /^-?\d+$/.test(json)) return json;
  return Math.trunc(numberOf(json, path));
}

function numberOf(json: unknown, path: string): number {
  const number = typeof json === "string" && NUMBER.test(json) ? Number(json) : json;
  if (typeof number !== "number" || !Number.isFinite(number))
    throw invalid(`${path} is not a number`);
  return number;
}

/** A number as JSON writes it; `Number` alone would also take "" and "0x1". */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** Google's own JSON of a duration is text; Mesos writes the message. */
function durationOf(json: Record<string, unknown>): string {
  const seconds = numberOf(json.seconds ?? 0, "seconds");
  const nanoseconds = numberOf(json.nanos ?? 0, "nanos");
  const fraction = Math.abs(nanoseconds).toString().padStart(9, "0");
  return `${seconds < 0 || nanoseconds < 0 ? "-" : ""}${Math.abs(seconds)}.${fraction}s`;
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
