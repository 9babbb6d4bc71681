import {
  type DescField,
  type DescMessage,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { enumName } from "./mesos-message.ts";

/**
 * A message as JSON text, written as Mesos writes it: fields by their proto name in the order of the .proto file,
 * enums by name, bytes as base64, all numbers as numbers, also those of 64 bits; fields that are unset but have a
 * default in the .proto file are written with it, unless they are deprecated. Only ASCII, because some clients take the
 * number of characters for the number of bytes (MESOS-V1 section 1).
 */
export function jsonOfMessage<D extends DescMessage>(schema: D, message: MessageShape<D>): string {
  return messageJson(reflect(schema, message));
}

function messageJson(message: ReflectMessage): string {
  const members: string[] = [];
  for (const field of message.fields) {
    if (message.isSet(field) || hasVisibleDefault(field)) {
      members.push(`${textJson(field.name)}:${fieldJson(message, field)}`);
    }
  }
  return `{${members.join(",")}}`;
}

function hasVisibleDefault(field: DescField): boolean {
  const isSingle = field.fieldKind === "scalar" || field.fieldKind === "enum";
  return isSingle && field.proto.defaultValue !== "" && !field.deprecated;
}

function fieldJson(message: ReflectMessage, field: DescField): string {
  switch (field.fieldKind) {
    case "list": {
      const items = Array.from(message.get(field), (item) => valueJson(field, item));
      return `[${items.join(",")}]`;
    }
    case "map": {
      const entries = Array.from(
        message.get(field),
        ([key, value]) => `${textJson(String(key))}:${valueJson(field, value)}`,
      );
      return `{${entries.join(",")}}`;
    }
    default:
      return valueJson(field, message.get(field));
  }
}

function valueJson(field: DescField, value: unknown): string {
  if (field.message) return messageJson(value as ReflectMessage);
  if (field.enum) return textJson(enumName(field.enum, value as number));
  switch (field.scalar) {
    case ScalarType.STRING:
      return textJson(value as string);
    case ScalarType.BYTES:
      return `"${Buffer.from(value as Uint8Array).toString("base64")}"`;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return doubleJson(value as number);
    default:
      return String(value); // Numbers of any size, true and false.
  }
}

/** JSON has no word for these; Mesos reads the text back. */
function doubleJson(value: number): string {
  return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;
}

function textJson(value: string): string {
  return JSON.stringify(value).replace(
    NOT_ASCII,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Code units, not characters: a pair becomes two escapes, as JSON wants it. */
const NOT_ASCII = /[\u007f-\uffff]/g;
