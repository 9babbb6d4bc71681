import type { Attribute, FaultDomain } from "@bourse/model/agent";
import { parseAttributes } from "@bourse/model/attributes-text";
import { formatDomain, parseDomain } from "@bourse/model/domain-text";
import type { Role } from "@bourse/model/ids";
import { ROLE_LENGTH_MAX, roleNameProblem } from "@bourse/model/role-name";
import { cannotBeWritten, type Form, mapped, named } from "./form.ts";

export const text: Form<string> = leaf({ type: "string", title: "text" });
export const flag: Form<boolean> = leaf({ type: "boolean", title: "true or false" });

/** Of agents, frameworks and machines: they name processes, hosts and lines of a report. */
export const nodeName: Form<string> = named(
  "name",
  leaf({
    type: "string",
    pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$",
    title: "a name: letters, digits, _ . and -, at most 63, beginning with a letter or digit",
  }),
);

export const seed: Form<string> = {
  schema: { type: ["string", "number"], maxLength: 256, title: "text of at most 256 characters" },
  read: (value) => String(value),
  write: (value) => value,
};

export const role: Form<Role> = named("role", {
  schema: {
    type: "string",
    maxLength: ROLE_LENGTH_MAX,
    title: "a role, like eng/dev or * for the default role",
  },
  read(value, place) {
    const problem = roleNameProblem(value as string);
    if (problem !== undefined) place.refuse(`${JSON.stringify(value)}: ${problem}`);
    return value as string;
  },
  write: (value) => value,
});

export function whole(minimum: number, maximum: number): Form<number> {
  const title = `a whole number from ${minimum} to ${maximum}`;
  return leaf({ type: "integer", minimum, maximum, title });
}

/** A whole number, or without bound: Infinity. */
export function wholeOr(word: string, minimum: number, maximum: number): Form<number> {
  return {
    schema: {
      type: ["integer", "string"],
      minimum,
      maximum,
      pattern: `^${word}$`,
      title: `a whole number from ${minimum} to ${maximum}, or ${word}`,
    },
    read: (value) => (value === word ? Number.POSITIVE_INFINITY : (value as number)),
    write: (value) => (value === Number.POSITIVE_INFINITY ? word : value),
  };
}

export const fraction: Form<number> = leaf({
  type: "number",
  minimum: 0,
  maximum: 1,
  title: "a number from 0 to 1",
});

export function oneOf<T extends string>(values: readonly T[]): Form<T> {
  return leaf({ type: "string", enum: values });
}

export const domain: Form<FaultDomain> = {
  schema: {
    type: "string",
    pattern: "^[A-Za-z0-9_.-]{1,64}/[A-Za-z0-9_.-]{1,64}$",
    title: "a fault domain written region/zone",
  },
  read: (value, place) =>
    place.attempt(() => parseDomain(value as string, "it"), { region: "", zone: "" }),
  write: formatDomain,
};

/** `rack:r1;level:3` as agents take it, or an object: text is text there, and a number is a number. */
export const attributes: Form<readonly Attribute[]> = named("attributes", {
  schema: {
    type: ["string", "object"],
    propertyNames: { pattern: "^[A-Za-z0-9_./-]{1,64}$" },
    additionalProperties: {
      type: ["string", "number", "boolean"],
      maxLength: 256,
      title: "text or a number",
    },
    title: "attributes, like { rack: r1 } or rack:r1;level:3",
  },
  read(value, place) {
    if (typeof value === "string")
      return place.attempt(() => parseAttributes(value, "attributes"), []);
    return Object.entries(value as object).map(([name, item]): Attribute => {
      if (typeof item !== "number") return { name, value: { type: "text", text: String(item) } };
      return { name, value: { type: "scalar", milli: Math.round(item * 1000) } };
    });
  },
  write(value) {
    const names = new Set(value.map(({ name }) => name));
    const isObject =
      names.size === value.length &&
      value.every(({ name, value: { type } }) => type !== "ranges" && !/^\d+$/.test(name));
    if (!isObject) return value.map(attributeText).join(";");
    return Object.fromEntries(
      value.map(({ name, value: item }) => [
        name,
        item.type === "scalar" ? item.milli / 1000 : item.type === "text" ? item.text : "",
      ]),
    );
  },
});

export const weight: Form<number> = mapped(
  leaf<number>({
    type: "number",
    minimum: 0.001,
    maximum: 1_000_000,
    title: "a number from 0.001 to 1000000",
  }),
  (value) => Math.round(value * 1000),
  (milli) => milli / 1000,
);

function leaf<T>(schema: Form<T>["schema"]): Form<T> {
  return { schema, read: (value) => value as T, write: (value) => value };
}

function attributeText({ name, value }: Attribute): string {
  if (value.type === "scalar") return `${name}:${value.milli / 1000}`;
  if (value.type === "text") {
    const [again, ...more] = parseAttributes(`${name}:${value.text}`);
    if (again?.value.type !== "text" || again.value.text !== value.text || more.length > 0)
      throw cannotBeWritten(`that ${name} is the text ${value.text}, beside ranges`);
    return `${name}:${value.text}`;
  }
  return `${name}:[${value.ranges.map(({ begin, end }) => `${begin}-${end}`).join(",")}]`;
}
