import { assert } from "@bourse/model/assert";
import { NO_PAYLOAD } from "@bourse/model/task";
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import {
  type BoundField,
  type FieldCodec,
  invalid,
  type MessageCodec,
  type OptionalCodec,
  readNested,
  tagOf,
} from "./codec.ts";
import { LIMITS } from "./limits.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** Text that must be there and not be empty: ids and names that others refer to. */
export function id(max: number = LIMITS.name): FieldCodec<string> {
  return single(STRING, undefined, (label) => ({
    write: (writer, value: string) => writer.string(value),
    read: (reader) => {
      const value = reader.string();
      if (value.length === 0) throw invalid(`${label} is empty`);
      if (value.length > max) throw tooLong(label, max);
      return value;
    },
  }));
}

/** Text; absent means "". */
export function text(max: number = LIMITS.name): FieldCodec<string> {
  return single(STRING, "", (label) => ({
    write: (writer, value: string) => writer.string(value),
    read: (reader) => {
      const value = reader.string();
      if (value.length > max) throw tooLong(label, max);
      return value;
    },
  }));
}

/** Bytes, copied out of the frame, so that one small payload does not keep the whole frame in memory. */
export function bytes(max: number = LIMITS.payload): FieldCodec<Uint8Array> {
  return single(BYTES, NO_PAYLOAD, (label) => ({
    write: (writer, value: Uint8Array) => writer.bytes(value),
    read: (reader) => {
      const value = reader.bytes();
      if (value.length > max) throw tooLong(label, max);
      return value.length === 0 ? NO_PAYLOAD : value.slice();
    },
  }));
}

/** 16 bytes on the wire, 32 lower-case hex digits in the model. */
export function uuid(): FieldCodec<string> {
  return single(BYTES, undefined, (label) => ({
    write: (writer, value: string) => writer.bytes(Buffer.from(value, "hex")),
    read: (reader) => {
      const value = reader.hex();
      if (value.length !== 32)
        throw invalid(`${label} has ${value.length / 2} bytes instead of 16`);
      return value;
    },
  }));
}

export function bool(): FieldCodec<boolean> {
  return single(BOOL, false, () => ({
    write: (writer, value: boolean) => writer.bool(value),
    read: (reader) => reader.bool(),
  }));
}

/** A mark: true or absent. */
export function mark(): FieldCodec<true> {
  return single<true>(BOOL, undefined, (label) => ({
    write: (writer, value) => writer.bool(value),
    read: (reader) => {
      if (!reader.bool()) throw invalid(`${label} is false instead of absent`);
      return true;
    },
  }));
}

export function double(): FieldCodec<number> {
  return single(DOUBLE, 0, (label) => ({
    write: (writer, value: number) => writer.double(value),
    read: (reader) => {
      const value = reader.double();
      if (!Number.isFinite(value)) throw invalid(`${label} is not a finite number`);
      return value;
    },
  }));
}

/** A whole number from `min` to `max`, by default as far as the field's type and 53 bits go; absent means 0. */
export function integer(min = 0, max?: number): FieldCodec<number> {
  return single(INTEGER, 0, (label, field) => {
    const most = max ?? (field.scalar === ScalarType.INT32 ? 0x7fff_ffff : Number.MAX_SAFE_INTEGER);
    return {
      write: (writer, value: number) => writer.integer(value),
      read: (reader) => {
        const value = reader.integer();
        if (value < min || value > most) {
          throw invalid(`${label} is ${value}, not from ${min} to ${most}`);
        }
        return value;
      },
    };
  });
}

/** A port; 0 where it is still to be chosen. */
export function port(): FieldCodec<number> {
  return integer(0, 65_535);
}

/**
 * One of the words of a list. In an enum the value with that name, or its upper case; in a string the word itself.
 */
export function word<W extends string>(words: readonly W[]): FieldCodec<W> {
  return {
    bind(message, key) {
      const field = fieldOf(message, key);
      return field.enum === undefined
        ? bindWordAsString(message, key, words)
        : bindWordAsEnum(message, key, words);
    },
  };
}

/** A message that must be there. */
export function nested<T>(codec: MessageCodec<T>): FieldCodec<T> {
  return {
    bind(message, key) {
      const { field, label } = place(message, key);
      assert(
        field.message?.typeName === codec.schema.typeName,
        `${label} is a ${codec.schema.name}`,
      );
      const tag = tagOf(field.number, WireType.LengthDelimited);
      return {
        label,
        number: field.number,
        wireType: WireType.LengthDelimited,
        absent: undefined,
        write(writer, value) {
          writer.uint32(tag).fork();
          codec.write(writer, value as T);
          writer.join();
        },
        read: (reader) => readNested(reader, reader.length, codec),
      };
    },
  };
}

/** A repeated field; absent means an empty list. */
export function list<T>(item: FieldCodec<T>, max: number): FieldCodec<readonly T[]> {
  return {
    bind(message, key) {
      const one = item.bind(message, key);
      const { label } = one;
      return {
        ...one,
        absent: EMPTY,
        write(writer, value) {
          for (const element of value as readonly T[]) one.write(writer, element);
        },
        read(reader, previous) {
          const values = previous === EMPTY || previous === undefined ? [] : (previous as T[]);
          if (values.length >= max) throw invalid(`${label} has more than ${max} entries`);
          const value = one.read(reader, undefined);
          values.push((one.finish ? one.finish(value) : value) as T);
          return values;
        },
      };
    },
  };
}

/** The same field under another type: `to` the wire's, `from` it. */
export function mapped<Model, Wire>(
  codec: FieldCodec<Wire>,
  to: (value: Model) => Wire,
  from: (value: Wire, label: string) => Model,
): FieldCodec<Model> {
  return {
    bind(message, key) {
      const one = codec.bind(message, key);
      const absent = one.absent === undefined ? undefined : from(one.absent as Wire, one.label);
      return {
        ...one,
        absent,
        write: (writer, value) => one.write(writer, to(value as Model)),
        read: (reader, previous) => one.read(reader, previous === absent ? undefined : previous),
        finish: (value) => from((one.finish ? one.finish(value) : value) as Wire, one.label),
      };
    },
  };
}

/** A field that may be absent. Of a list: an empty one is an absent one. */
export function optional<T>(codec: FieldCodec<T>): OptionalCodec<T> {
  return { ...codec, isOptional: true };
}

/** A field whose absence is a value of its own: null. */
export function nullable<T>(codec: FieldCodec<T>): FieldCodec<T | null> {
  return {
    bind(message, key) {
      const one = codec.bind(message, key);
      const { absent } = one;
      return {
        ...one,
        absent: null,
        read: (reader, previous) => one.read(reader, previous === null ? absent : previous),
      };
    },
  };
}

const EMPTY: readonly never[] = Object.freeze([]);

const STRING = [ScalarType.STRING];
const BYTES = [ScalarType.BYTES];
const BOOL = [ScalarType.BOOL];
const DOUBLE = [ScalarType.DOUBLE];
const INTEGER = [ScalarType.INT32, ScalarType.INT64];

interface Access<T> {
  write(writer: Writer, value: T): unknown;
  read(reader: Reader): T;
}

/** A field of one of the scalar types given. */
function single<T>(
  types: readonly ScalarType[],
  absent: T | undefined,
  access: (label: string, field: DescField) => Access<T>,
): FieldCodec<T> {
  return {
    bind(message, key) {
      const { field, label } = place(message, key);
      const { scalar } = field;
      assert(scalar !== undefined && types.includes(scalar), `${label} has another type`);
      const wireType = WIRE_TYPES[scalar] as WireType;
      const tag = tagOf(field.number, wireType);
      const { write, read } = access(label, field);
      return {
        label,
        number: field.number,
        wireType,
        absent,
        write(writer, value) {
          writer.uint32(tag);
          write(writer, value as T);
        },
        read,
      };
    },
  };
}

const WIRE_TYPES: { readonly [K in ScalarType]?: WireType } = {
  [ScalarType.STRING]: WireType.LengthDelimited,
  [ScalarType.BYTES]: WireType.LengthDelimited,
  [ScalarType.BOOL]: WireType.Varint,
  [ScalarType.INT32]: WireType.Varint,
  [ScalarType.INT64]: WireType.Varint,
  [ScalarType.DOUBLE]: WireType.Bit64,
};

function bindWordAsString(message: DescMessage, key: string, words: readonly string[]): BoundField {
  const known = new Set<string>(words);
  return single<string>(STRING, undefined, (label) => ({
    write: (writer, value) => writer.string(value),
    read: (reader) => {
      const value = reader.string();
      if (!known.has(value)) throw invalid(`${label} is none of ${words.join(", ")}`);
      return value;
    },
  })).bind(message, key);
}

function bindWordAsEnum(message: DescMessage, key: string, words: readonly string[]): BoundField {
  const { field, label } = place(message, key);
  const values = field.enum?.values ?? [];
  const numbers = new Map<string, number>();
  const byNumber = new Map<number, string>();
  for (const candidate of words) {
    const value = values.find(({ name }) => name === candidate || name === candidate.toUpperCase());
    assert(value !== undefined, `${label} has ${candidate}`);
    numbers.set(candidate, value.number);
    byNumber.set(value.number, candidate);
  }
  const tag = tagOf(field.number, WireType.Varint);
  return {
    label,
    number: field.number,
    wireType: WireType.Varint,
    absent: undefined,
    write(writer, value) {
      const number = numbers.get(value as string);
      if (number === undefined) throw new TypeError(`${label} has no value ${String(value)}`);
      writer.uint32(tag).integer(number);
    },
    read(reader) {
      const number = reader.integer();
      const found = byNumber.get(number);
      if (found === undefined) throw invalid(`${label} has no value ${number}`);
      return found;
    },
  };
}

function place(message: DescMessage, key: string): { field: DescField; label: string } {
  const field = fieldOf(message, key);
  return { field, label: `${message.name}.${field.name}` };
}

function fieldOf(message: DescMessage, key: string): DescField {
  const field = message.field[key];
  assert(field !== undefined, `${message.typeName} has a field for ${key}`);
  return field;
}

function tooLong(label: string, max: number): Error {
  return invalid(`${label} is longer than ${max}`);
}
