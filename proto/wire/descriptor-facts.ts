import type { DescEnum, DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { FieldDescriptorProto_Label } from "@bufbuild/protobuf/wkt";

/** What the wire and its JSON depend on, one line a field or enum value, under its full name. */
export type DescriptorFacts = ReadonlyMap<string, string>;

/**
 * Reads the facts off compiled .proto files: names, numbers, labels, types, defaults, oneofs, and which enum
 * value comes first (proto2 reads an unset enum as that one). `rename` maps a full name, so that two
 * families of packages can be compared.
 */
export function descriptorFacts(
  files: Iterable<DescFile>,
  rename: (fullName: string) => string = (name) => name,
): DescriptorFacts {
  const facts = new Map<string, string>();
  for (const file of files) {
    for (const message of file.messages) addMessage(facts, message, rename);
    for (const list of file.enums) addEnum(facts, list, rename);
  }
  return facts;
}

/**
 * What `theirs` has and `ours` lacks or says differently, and what only `ours` has, as sentences.
 * Both empty means that the two agree.
 */
export function compareFacts(
  ours: DescriptorFacts,
  theirs: DescriptorFacts,
): { readonly differing: string[]; readonly onlyOurs: string[] } {
  const differing: string[] = [];
  for (const [name, expected] of theirs) {
    const found = ours.get(name);
    if (found === undefined) differing.push(`${name}: missing, expected ${expected}`);
    else if (found !== expected) differing.push(`${name}: is ${found}, expected ${expected}`);
  }
  return { differing, onlyOurs: [...ours.keys()].filter((name) => !theirs.has(name)) };
}

type Facts = Map<string, string>;
type Rename = (fullName: string) => string;

function addMessage(facts: Facts, message: DescMessage, rename: Rename): void {
  facts.set(rename(message.typeName), "message");
  for (const field of message.fields) {
    facts.set(`${rename(message.typeName)}.${field.name}`, fieldFact(field, rename));
  }
  for (const nested of message.nestedMessages) addMessage(facts, nested, rename);
  for (const nested of message.nestedEnums) addEnum(facts, nested, rename);
}

function addEnum(facts: Facts, list: DescEnum, rename: Rename): void {
  const name = rename(list.typeName);
  facts.set(name, `enum, unset means ${list.values[0]?.name}`);
  for (const value of list.values) facts.set(`${name}.${value.name}`, `value ${value.number}`);
}

function fieldFact(field: DescField, rename: Rename): string {
  const label = (FieldDescriptorProto_Label[field.proto.label] ?? "?").toLowerCase();
  const oneof = field.oneof === undefined ? "" : ` in oneof ${field.oneof.name}`;
  const isPlain = ["", "false", "0"].includes(field.proto.defaultValue); // What an unset field is anyway.
  const unset = isPlain ? "" : ` default ${field.proto.defaultValue}`;
  const packed = field.fieldKind === "list" && field.packed ? " packed" : "";
  return `${label} ${fieldType(field, rename)} = ${field.number}${unset}${packed}${oneof}, json ${field.name}`;
}

function fieldType(field: DescField, rename: Rename): string {
  const type = valueType(field, rename);
  return field.fieldKind === "map" ? `map<${scalarName(field.mapKey)}, ${type}>` : type;
}

function valueType(field: DescField, rename: Rename): string {
  if (field.message !== undefined) return rename(field.message.typeName);
  if (field.enum !== undefined) return rename(field.enum.typeName);
  return scalarName(field.scalar);
}

function scalarName(type: ScalarType | undefined): string {
  return type === undefined ? "?" : (ScalarType[type] ?? "?").toLowerCase();
}
