import { ClusterError } from "@bourse/model/errors";
import type { Amount } from "@bourse/model/quota";
import { resourceFrom } from "@bourse/model/resource-entry";
import {
  canonical,
  formatValue,
  type Resource,
  type Resources,
  type ResourceValue,
} from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { checkedScalarMilli, readValue } from "@bourse/model/value-text";
import { cannotBeWritten, type Form, type JsonSchema, named } from "./form.ts";

const COUNT = { type: "number", minimum: 0, maximum: 1_000_000_000 } as const;
const SIZE: JsonSchema = {
  type: ["number", "string"],
  minimum: 0,
  maximum: 1_000_000_000,
  pattern: "^\\d{1,12}(\\.\\d{1,3})?(KiB|MiB|GiB|TiB)$",
  title: "a size: a number of MiB, or a number with KiB, MiB, GiB or TiB, like 512MiB",
};
const SCALARS: { readonly [name: string]: JsonSchema } = {
  cpus: { ...COUNT, title: "a number of cpus, like 4 or 0.5" },
  mem: SIZE,
  disk: SIZE,
  gpus: { ...COUNT, type: "integer", title: "a whole number of GPUs" },
};
/** Names that people write and that nobody would call a resource of his own. */
export const MISTAKEN_NAMES: ReadonlyMap<string, string> = new Map([
  ["core", "cpus"],
  ["cores", "cpus"],
  ["cpu", "cpus"],
  ["disks", "disk"],
  ["gpu", "gpus"],
  ["memory", "mem"],
  ["port", "ports"],
  ["ram", "mem"],
]);
const NAMES = {
  pattern: "^[A-Za-z0-9_.-]{1,64}$",
  not: { enum: Array.from(MISTAKEN_NAMES.keys()) },
} as const;

/** Scalars by name: `{ cpus: 0.5, mem: 512MiB }`. */
export const amounts: Form<readonly Amount[]> = named("amounts", {
  schema: {
    type: "object",
    properties: SCALARS,
    propertyNames: NAMES,
    additionalProperties: { ...COUNT, title: "a number" },
    title: "amounts, like { cpus: 0.5, mem: 512MiB }",
  },
  read: (value) =>
    Object.entries(value as Record<string, number | string>)
      .map(([name, item]) => ({ name, milli: milliOf(item) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  write: (value) => Object.fromEntries(value.map(({ name, milli }) => [name, shown(name, milli)])),
});

/** What an agent has: as `--resources` takes it, `cpus:4;mem:8192`, or `{ cpus: 4, mem: 8GiB, ports: 31000-32000 }`. */
export const resources: Form<Resources> = named("resources", {
  schema: {
    type: ["object", "string"],
    minProperties: 1,
    properties: {
      ...SCALARS,
      ports: { type: "string", title: "ranges, like 31000-32000 or [1-2,5-9]" },
    },
    propertyNames: NAMES,
    additionalProperties: {
      ...COUNT,
      type: ["number", "string"],
      title: "a number, [ranges] or {set}",
    },
    title: "resources, like { cpus: 16, mem: 64GiB } or cpus:16;mem:65536",
  },
  read(value, place) {
    if (typeof value === "string")
      return place.attempt(() => parseResources(value, "resources"), []);
    const read: Resource[] = [];
    for (const [name, item] of Object.entries(value as Record<string, number | string>)) {
      const own = place.at(name);
      const resource = own.attempt(
        () => resourceFrom({ name, role: "*", value: resourceValue(name, item) }, name),
        null,
      );
      if (resource !== null) read.push(resource);
    }
    return canonical(read);
  },
  write(value) {
    if (value.some(({ name }, index) => value[index + 1]?.name === name || /^\d+$/.test(name)))
      return value.map(entryText).join(";");
    if (value.some(({ reservations }) => reservations !== undefined))
      return value.map(entryText).join(";");
    return Object.fromEntries(
      value.map((resource) => {
        checkPlain(resource);
        const { name, value: item } = resource;
        return [name, item.type === "scalar" ? shown(name, item.milli) : formatValue(item)];
      }),
    );
  },
});

function resourceValue(name: string, item: number | string): ResourceValue {
  if (typeof item === "number" || SIZE_TEXT.test(item))
    return { type: "scalar", milli: milliOf(item) };
  const text = name === "ports" && !item.startsWith("[") ? `[${item}]` : item;
  const value = readValue(text, name, refusal);
  if (value === undefined)
    throw refusal(`${name}: ${JSON.stringify(item)} is neither a number, nor [ranges], nor {set}`);
  return value;
}

function refusal(message: string): ClusterError {
  return new ClusterError("invalid_call", message);
}

const SIZE_TEXT = /^([\d.]+)(KiB|MiB|GiB|TiB)$/;
const MIB_IN = { KiB: 1 / 1_024, MiB: 1, GiB: 1_024, TiB: 1_048_576 } as const;

/** Thousandths; sizes in MiB, as Mesos counts them. */
function milliOf(item: number | string): number {
  if (typeof item === "number") return Math.round(item * 1_000);
  const match = SIZE_TEXT.exec(item);
  const unit = MIB_IN[match?.[2] as keyof typeof MIB_IN];
  return checkedScalarMilli(Number(match?.[1]) * unit, item, refusal);
}

function shown(name: string, milli: number): number | string {
  if ((name !== "mem" && name !== "disk") || milli % 1_000 !== 0 || milli === 0)
    return milli / 1_000;
  const mib = milli / 1_000;
  return mib % 1_024 === 0 ? `${mib / 1_024}GiB` : `${mib}MiB`;
}

/** One entry of the text that agents take. */
function entryText(resource: Resource): string {
  const { name, value, reservations, ...rest } = resource;
  checkPlain({ name, value, ...rest });
  const [first, ...more] = reservations ?? [];
  if (first === undefined) return `${name}:${formatValue(value)}`;
  if (first.type !== "static" || more.length > 0)
    throw cannotBeWritten("what is reserved dynamically");
  return `${name}(${first.role}):${formatValue(value)}`;
}

function checkPlain({ name, value: _, ...rest }: Resource): void {
  const more = Object.keys(rest)[0];
  if (more !== undefined) throw cannotBeWritten(`that ${name} has ${more}`);
}
