import { assert } from "@bourse/model/assert";
import { ClusterError } from "@bourse/model/errors";
import type { DescMessage } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/**
 * Reads and writes one message straight from and to a model value, without an object of the generated kind in
 * between: that halves the cost of the hot messages. Numbers, types and names come from the generated
 * descriptor, so the .proto file stays the one source of truth; a mapping that does not fit it fails when it is
 * loaded. Unknown fields are skipped.
 */
export interface MessageCodec<T> {
  readonly schema: DescMessage;
  write(writer: Writer, value: T): void;
  /** Reads up to `end`; throws a `ClusterError` that names the field. */
  read(reader: Reader, end: number): T;
}

/** One field of a message, bound to its place in the descriptor. */
export interface BoundField {
  /** `TaskInfo.task_id`, for errors. */
  readonly label: string;
  readonly number: number;
  readonly wireType: WireType;
  /** Writes tag and value; may write nothing for a default. */
  write(writer: Writer, value: unknown): void;
  /** Reads one occurrence; `previous` is what the message holds so far. */
  read(reader: Reader, previous: unknown): unknown;
  /** What an absent field means; `undefined` = it must be there. */
  readonly absent: unknown;
  /** Turns what has been read, once all of it is there, into the model's value. */
  readonly finish?: (value: unknown) => unknown;
}

/** How a model value of type `T` is written in a field. `T` is only for the compiler. */
export interface FieldCodec<T> {
  readonly isOptional?: boolean;
  /** `key` is the model's name of the field, which is the generated code's too. */
  bind(message: DescMessage, key: string): BoundField;
  readonly type?: (value: T) => void;
}

/** A field that may be absent: the key is then absent from the model value too. */
export interface OptionalCodec<T> extends FieldCodec<T> {
  readonly isOptional: true;
}

/** One codec for every key of `T`: optional keys take optional codecs, and no key can be forgotten. */
export type Shape<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? OptionalCodec<Exclude<T[K], undefined>>
    : FieldCodec<T[K]>;
};

/** A message whose fields have the names of the model's keys, in snake case. */
export function record<T extends object>(schema: DescMessage, shape: Shape<T>): MessageCodec<T> {
  return new RecordCodec<T>(schema, shape as Shape<object>, {});
}

/** The shapes of all variants of a union; `foo-bar` is the member `foo_bar` of the message's only oneof. */
export type Variants<U, D extends keyof U> = {
  readonly [K in U[D] & string]: Shape<Omit<Extract<U, Record<D, K>>, D>>;
};

/** A message that is one of several, told apart in the model by the key `discriminator`. */
export function union<U extends object, D extends keyof U & string>(
  schema: DescMessage,
  discriminator: D,
  shapes: Variants<U, D>,
): MessageCodec<U> {
  const variants = new Map<string, Variant>();
  const byNumber: (Variant | undefined)[] = [];
  for (const [kind, shape] of Object.entries(shapes)) {
    const field = schema.fields.find((candidate) => candidate.name === kind.replaceAll("-", "_"));
    assert(field?.message !== undefined && field.oneof !== undefined, `${schema.name} has ${kind}`);
    const codec = new RecordCodec(field.message, shape as Shape<object>, { [discriminator]: kind });
    const variant = { tag: tagOf(field.number, WireType.LengthDelimited), codec };
    variants.set(kind, variant);
    byNumber[field.number] = variant;
  }
  assert(variants.size === schema.fields.length, `${schema.name} has a kind that is not mapped`);
  return {
    schema,
    write(writer, value) {
      const variant = variants.get(value[discriminator] as string);
      assert(variant !== undefined, `${schema.name} has no kind ${String(value[discriminator])}`);
      writer.uint32(variant.tag).fork();
      variant.codec.write(writer, value);
      writer.join();
    },
    read(reader, end) {
      let found: unknown;
      while (reader.position < end) {
        const tag = reader.uint32();
        const variant = byNumber[tag >>> 3];
        if (variant?.tag === tag) found = readNested(reader, end, variant.codec);
        else reader.skip(tag);
      }
      if (found === undefined)
        throw invalid(`${schema.name}.${discriminator} is missing or unknown`);
      return found as U;
    },
  };
}

interface Variant {
  readonly tag: number;
  readonly codec: MessageCodec<object>;
}

/** Reads a length and that much of a message. */
export function readNested<T>(reader: Reader, end: number, codec: MessageCodec<T>): T {
  const length = reader.uint32();
  const nestedEnd = reader.position + length;
  if (nestedEnd > end) throw invalid(`${codec.schema.name} is cut off`);
  const value = codec.read(reader, nestedEnd);
  if (reader.position !== nestedEnd) throw invalid(`${codec.schema.name} is cut off`);
  return value;
}

export function tagOf(number: number, wireType: WireType): number {
  return ((number << 3) | wireType) >>> 0;
}

/** The refusal of what cannot be taken; `message` names the field. */
export function invalid(message: string, cause?: unknown): ClusterError {
  return new ClusterError("invalid_call", message, cause === undefined ? {} : { cause });
}

/** Kept between messages for its buffer; absent while one is being written, or after a failure. */
let spare: Writer | undefined;

/** The bytes of a model value. */
export function encode<T>(codec: MessageCodec<T>, value: T): Uint8Array<ArrayBuffer> {
  const writer = spare ?? new Writer();
  spare = undefined;
  codec.write(writer, value);
  const bytes = writer.finish();
  spare = writer;
  return bytes;
}

/** The model value of bytes from outside; anything wrong is a `ClusterError` of code `invalid_call`. */
export function decode<T>(codec: MessageCodec<T>, bytes: Uint8Array): T {
  try {
    return codec.read(new Reader(bytes), bytes.length);
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    throw invalid(`${codec.schema.name} cannot be decoded`, error);
  }
}

class RecordCodec<T extends object> implements MessageCodec<T> {
  readonly schema: DescMessage;
  readonly #keys: readonly string[];
  readonly #fields: readonly BoundField[];
  readonly #optional: readonly boolean[];
  readonly #indexByNumber: (number | undefined)[] = [];
  /** Keys that must have got a value. */
  readonly #required: readonly number[];
  readonly #finishing: readonly number[];
  readonly #template: Readonly<Record<string, unknown>>;

  constructor(schema: DescMessage, shape: Shape<object>, constants: Record<string, unknown>) {
    this.schema = schema;
    const entries = Object.entries(shape as Record<string, FieldCodec<unknown>>);
    const bound = entries
      .map(([key, codec]) => ({ key, codec, field: codec.bind(schema, key) }))
      .sort((a, b) => a.field.number - b.field.number);
    assert(bound.length === schema.fields.length, `${schema.name} has a field that is not mapped`);
    this.#keys = bound.map(({ key }) => key);
    this.#fields = bound.map(({ field }) => field);
    this.#optional = bound.map(({ codec }) => codec.isOptional === true);
    this.#required = bound.flatMap(({ codec, field }, index) =>
      codec.isOptional !== true && field.absent === undefined ? [index] : [],
    );
    this.#finishing = bound.flatMap(({ field }, index) => (field.finish ? [index] : []));
    const template: Record<string, unknown> = { ...constants };
    bound.forEach(({ key, codec, field }, index) => {
      this.#indexByNumber[field.number] = index;
      if (codec.isOptional !== true) template[key] = field.absent;
    });
    this.#template = template;
  }

  write(writer: Writer, value: T): void {
    const values = value as Record<string, unknown>;
    for (let index = 0; index < this.#keys.length; index++) {
      const item = values[this.#keys[index] as string];
      if (item === undefined) continue;
      const field = this.#fields[index] as BoundField;
      if (item !== field.absent || this.#optional[index]) field.write(writer, item);
    }
  }

  read(reader: Reader, end: number): T {
    const values = { ...this.#template };
    while (reader.position < end) {
      const tag = reader.uint32();
      const index = this.#indexByNumber[tag >>> 3];
      const field = index === undefined ? undefined : this.#fields[index];
      if (field === undefined) {
        reader.skip(tag);
        continue;
      }
      if ((tag & 7) !== field.wireType) throw invalid(`${field.label} has the wrong type`);
      const key = this.#keys[index as number] as string;
      values[key] = field.read(reader, values[key]);
    }
    if (reader.position > end) throw invalid(`${this.schema.name} is cut off`);
    for (const index of this.#finishing) {
      const key = this.#keys[index] as string;
      const value = values[key];
      if (value !== this.#template[key]) values[key] = this.#fields[index]?.finish?.(value);
    }
    for (const index of this.#required) {
      if (values[this.#keys[index] as string] === undefined) {
        throw invalid(`${this.#fields[index]?.label} is missing`);
      }
    }
    return values as T;
  }
}
