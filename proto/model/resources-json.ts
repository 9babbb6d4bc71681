import { RESOURCE_ENTRIES_MAX, refusal, resourceFrom } from "./resource-entry.ts";
import { canonical, type Resource, type Resources, type ResourceValue } from "./resources.ts";
import { checkedRanges, checkedScalarMilli } from "./value-text.ts";

/**
 * Reads Mesos' JSON array of resources as `--resources` takes it: name, type, scalar | ranges | set, and a role
 * or one static reservation. Fields that it does not know are refused: a volume that is silently left out would
 * be worse than an error.
 */
export function readResourcesJson(text: string, field: string): Resources {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw refusal(`${field}: not valid JSON: ${(cause as Error).message}`);
  }
  if (!Array.isArray(list)) throw refusal(`${field}: JSON resources are an array of objects`);
  if (list.length > RESOURCE_ENTRIES_MAX)
    throw refusal(`${field}: at most ${RESOURCE_ENTRIES_MAX} entries, these are ${list.length}`);
  return canonical(list.map((item, index) => readItem(item, `${field}[${index}]`)));
}

function readItem(item: unknown, where: string): Resource {
  const object = asObject(item, where);
  for (const key of Object.keys(object))
    if (!KNOWN.has(key)) throw refusal(`${where}.${shortKey(key)}: not supported here`);
  const name = object.name;
  if (typeof name !== "string") throw refusal(`${where}.name: must be text`);
  const value = readValueOf(object, where);
  return resourceFrom({ name, role: roleOf(object, where), value }, where);
}

function readValueOf(object: Readonly<Record<string, unknown>>, where: string): ResourceValue {
  const type = object.type;
  switch (type) {
    case "SCALAR": {
      const value = asObject(object.scalar, `${where}.scalar`).value;
      if (typeof value !== "number") throw refusal(`${where}.scalar.value: must be a number`);
      const milli = checkedScalarMilli(value, `${where}.scalar.value`, refusal);
      return { type: "scalar", milli };
    }
    case "RANGES": {
      const at = `${where}.ranges.range`;
      const list = asArray(asObject(object.ranges, `${where}.ranges`).range, at);
      const ranges = list.map((range, index) => {
        const { begin, end } = asObject(range, `${at}[${index}]`);
        if (typeof begin !== "number" || typeof end !== "number")
          throw refusal(`${at}[${index}]: begin and end must be numbers`);
        return { begin, end };
      });
      return { type: "ranges", ranges: checkedRanges(ranges, at, refusal) };
    }
    case "SET": {
      const at = `${where}.set.item`;
      const items = asArray(asObject(object.set, `${where}.set`).item, at);
      if (!items.every((item) => typeof item === "string" && item !== ""))
        throw refusal(`${at}: items must be text that is not empty`);
      return { type: "set", items: Array.from(new Set(items as string[])).sort() };
    }
    default:
      throw refusal(`${where}.type: must be SCALAR, RANGES or SET`);
  }
}

function roleOf(object: Readonly<Record<string, unknown>>, where: string): string {
  const reservations = object.reservations;
  if (reservations === undefined) {
    const role = object.role ?? "*";
    if (typeof role !== "string") throw refusal(`${where}.role: must be text`);
    return role;
  }
  if (object.role !== undefined && object.role !== "*")
    throw refusal(`${where}: either role or reservations, not both`);
  const list = asArray(reservations, `${where}.reservations`);
  if (list.length === 0) return "*";
  const { type, role } = asObject(list[0], `${where}.reservations[0]`);
  if (list.length > 1 || type !== "STATIC" || typeof role !== "string" || role === "*")
    throw refusal(`${where}.reservations: one of type STATIC with a role other than *`);
  return role;
}

function asObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refusal(`${where}: must be an object`);
  return value as Readonly<Record<string, unknown>>;
}

function asArray(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw refusal(`${where}: must be an array`);
  return value;
}

function shortKey(key: string): string {
  return key.slice(0, 40);
}

const KNOWN: ReadonlySet<string> = new Set([
  "name",
  "type",
  "scalar",
  "ranges",
  "set",
  "role",
  "reservations",
]);
