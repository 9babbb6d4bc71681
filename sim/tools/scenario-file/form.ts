import { isDeepStrictEqual } from "node:util";
import { ClusterError } from "@bourse/model/errors";

/**
 * How one part of a scenario is written in a file: its schema, how it is read and how it is written, side by side, so
 * that they cannot drift apart. `read` is given only what the schema has let pass; what a schema cannot say it refuses
 * at its place and returns anything.
 */
export interface Form<T> {
  readonly schema: JsonSchema;
  read(value: unknown, place: Place): T;
  write(value: T): unknown;
}

/** JSON Schema, draft 7: the one that editors understand best. */
export type JsonSchema = { readonly [keyword: string]: unknown };

export type Path = readonly (string | number)[];

/** Something that is wrong or odd, and where in the document. `isOnKey`: the name of the field is meant. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  readonly isOnKey?: boolean;
}

/** Where in a document something is read. */
export class Place {
  readonly #problems: Problem[];
  readonly path: Path;

  constructor(problems: Problem[], path: Path = []) {
    this.#problems = problems;
    this.path = path;
  }

  /** Somewhere inside. */
  in(...steps: Path): Place {
    return new Place(this.#problems, [...this.path, ...steps]);
  }

  at(step: string | number): Place {
    return new Place(this.#problems, [...this.path, step]);
  }

  refuse(message: string): void {
    this.#problems.push({ path: this.path, message });
  }

  /** The value of a reader of the model; what that throws is refused here. */
  attempt<T>(read: () => T, otherwise: T): T {
    try {
      return read();
    } catch (thrown) {
      if (!(thrown instanceof ClusterError)) throw thrown;
      this.refuse(thrown.message);
      return otherwise;
    }
  }
}

/** One field of an object. */
export interface Field<T> {
  readonly key: string;
  readonly form: Form<T>;
  readonly doc: string;
  /** Of a field that is left out: it must not be, it is left out of the value too, or it has this value. */
  readonly otherwise: "refused" | "absent" | { readonly value: T };
}

export function required<T>(key: string, form: Form<T>, doc: string): Field<T> {
  return { key, form, doc, otherwise: "refused" };
}

export function optional<T>(key: string, form: Form<T>, value: NoInfer<T>, doc: string): Field<T> {
  return { key, form, doc, otherwise: { value } };
}

/** The value has no such member either when the field is left out. */
export function maybe<T>(key: string, form: Form<T>, doc: string): Field<T> {
  return { key, form, doc, otherwise: "absent" };
}

/** A field for each member, in the order in which they are written. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> };

export interface ObjectForm<T> extends Form<T> {
  readonly properties: { readonly [key: string]: JsonSchema };
  readonly requiredKeys: readonly string[];
  write(value: T): { readonly [key: string]: unknown };
}

export function object<T extends object>(fields: Fields<T>): ObjectForm<T> {
  const entries = Object.entries(fields) as [string, Field<unknown>][];
  const properties = Object.fromEntries(
    entries.map(([, field]) => [field.key, propertySchema(field)]),
  );
  const requiredKeys = entries
    .filter(([, { otherwise }]) => otherwise === "refused")
    .map(([, { key }]) => key);
  return {
    properties,
    requiredKeys,
    schema: objectSchema(properties, requiredKeys),
    read(value, place) {
      const source = value as { readonly [key: string]: unknown };
      const made: { [member: string]: unknown } = {};
      for (const [member, { key, form, otherwise }] of entries) {
        const given = source[key];
        if (given !== undefined) made[member] = form.read(given, place.at(key));
        else if (typeof otherwise === "object") made[member] = otherwise.value;
      }
      return made as T;
    },
    write(value) {
      const made: { [key: string]: unknown } = {};
      for (const member of Object.keys(value)) {
        if (!(member in fields) && (value as Record<string, unknown>)[member] !== undefined)
          throw cannotBeWritten(member);
      }
      for (const [member, { key, form, otherwise }] of entries) {
        const given = (value as { readonly [member: string]: unknown })[member];
        if (given === undefined) continue;
        if (typeof otherwise === "object" && isDeepStrictEqual(given, otherwise.value)) continue;
        made[key] = form.write(given);
      }
      return made;
    },
  };
}

/** For what the model knows and the file has no words for. */
export function cannotBeWritten(what: string): ClusterError {
  return new ClusterError("unsupported", `a scenario file has no way to say ${what}`);
}

export function objectSchema(
  properties: { readonly [key: string]: JsonSchema },
  requiredKeys: readonly string[],
): JsonSchema {
  return {
    type: "object",
    properties,
    ...(requiredKeys.length === 0 ? {} : { required: requiredKeys }),
    additionalProperties: false,
  };
}

function propertySchema({ form, doc, otherwise }: Field<unknown>): JsonSchema {
  const shown = typeof otherwise === "object" ? form.write(otherwise.value) : undefined;
  return {
    description: doc,
    ...form.schema,
    ...(shown === undefined || shown === null ? {} : { default: shown }),
  };
}

/** A table of forms by the value of the field `kind`, which stands beside the fields of `common`. */
export function tagged<Common extends object, Kinds extends { readonly kind: string }>(
  common: ObjectForm<Common>,
  forms: {
    readonly [K in Kinds["kind"]]: ObjectForm<Omit<Extract<Kinds, { readonly kind: K }>, "kind">>;
  },
): Form<readonly [Common, Kinds]> {
  const kinds = Object.keys(forms) as Kinds["kind"][];
  const formOf = (kind: Kinds["kind"]) => forms[kind] as unknown as ObjectForm<object>;
  return {
    schema: {
      type: "object",
      discriminator: { propertyName: "kind" },
      oneOf: kinds.map((kind) => {
        const { properties, requiredKeys } = formOf(kind);
        return objectSchema({ ...common.properties, kind: { const: kind }, ...properties }, [
          ...common.requiredKeys,
          "kind",
          ...requiredKeys,
        ]);
      }),
    },
    read(value, place) {
      const { kind } = value as Kinds;
      const rest = formOf(kind).read(value, place);
      return [common.read(value, place), { kind, ...rest } as unknown as Kinds];
    },
    write([shared, { kind, ...rest }]) {
      return { ...common.write(shared), kind, ...formOf(kind as Kinds["kind"]).write(rest) };
    },
  };
}

export function list<T>(form: Form<T>, bounds: { readonly minItems?: number } = {}) {
  return {
    schema: { type: "array", title: "a list", items: form.schema, ...bounds },
    read: (value: unknown, place: Place): readonly T[] =>
      (value as readonly unknown[]).map((item, index) => form.read(item, place.at(index))),
    write: (value: readonly T[]): unknown => value.map((item) => form.write(item)),
  } satisfies Form<readonly T[]>;
}

/** Written as `form` writes something else. */
export function mapped<From, To>(
  form: Form<From>,
  to: (value: From, place: Place) => To,
  from: (value: To) => From,
): Form<To> {
  return {
    schema: form.schema,
    read: (value, place) => to(form.read(value, place), place),
    write: (value) => form.write(from(value)),
  };
}

const DEFINITIONS: { [name: string]: JsonSchema } = {};

/** The schema of forms that come up often stands once, under its name, and is referred to. */
export function named<T>(name: string, form: Form<T>): Form<T> {
  DEFINITIONS[name] = form.schema;
  return { ...form, schema: { $ref: `#/definitions/${name}` } };
}

export function definitions(): { readonly [name: string]: JsonSchema } {
  return DEFINITIONS;
}
