import { RESOURCE_ENTRIES_MAX, refusal, resourceFrom } from "./resource-entry.ts";
import { canonical, type Resource, type Resources, type ResourceValue } from "./resources.ts";
import { readResourcesJson } from "./resources-json.ts";
import { readScalarMilli, readValue } from "./value-text.ts";

/**
 * Reads what an operator writes: `cpus:4;mem:8192;disk:100000;ports:[31000-32000];cpus(ads):2` or Mesos' JSON
 * array (FEATURES M-35). A role in parentheses is a static reservation (M-32). Amounts of the same kind add up.
 * Throws `invalid_call`, naming `field` and the entry.
 */
export function parseResources(text: string, field = "resources"): Resources {
  if (text.length > RESOURCES_LENGTH_MAX)
    throw refusal(`${field}: at most ${RESOURCES_LENGTH_MAX} characters, these are ${text.length}`);
  const trimmed = text.trim();
  if (trimmed.startsWith("[")) return readResourcesJson(trimmed, field);
  const entries = trimmed.split(";").filter((entry) => entry.trim() !== "");
  if (entries.length > RESOURCE_ENTRIES_MAX)
    throw refusal(`${field}: at most ${RESOURCE_ENTRIES_MAX} entries, these are ${entries.length}`);
  return canonical(entries.map((entry, index) => readEntry(entry.trim(), field, index + 1)));
}

/** An agent's description is some hundred characters; this leaves room for many volumes. */
export const RESOURCES_LENGTH_MAX = 65_536;

function readEntry(entry: string, field: string, position: number): Resource {
  const where = `${field}: entry ${position} \`${shorten(entry)}\``;
  const match = ENTRY.exec(entry);
  if (match === null) throw refusal(`${where}: an entry is written name:value or name(role):value`);
  const [, name = "", role = "*", value = ""] = match;
  return resourceFrom({ name, role, value: readResourceValue(value, where) }, where);
}

function readResourceValue(text: string, where: string): ResourceValue {
  const value = readValue(text, where, refusal);
  if (value !== undefined) return value;
  return { type: "scalar", milli: readScalarMilli(text, where, refusal) };
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

const ENTRY = /^([^:()]*?)\s*(?:\(([^()]*)\))?\s*:\s*(.*)$/s;
