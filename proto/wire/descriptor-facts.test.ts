import { clone, create, createFileRegistry } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { file_mesos_v1_ids } from "#gen/mesos/v1/ids_pb";
import { file_mesos_v1_values } from "#gen/mesos/v1/values_pb";
import { compareFacts, type DescriptorFacts, descriptorFacts } from "./descriptor-facts.ts";

test("files agree with themselves", () => {
  expect(
    compareFacts(
      changed(() => {}),
      changed(() => {}),
    ),
  ).toEqual({ differing: [], onlyOurs: [] });
});

test.each<[what: string, change: (file: FileDescriptorProto) => void, found: string]>([
  ["a number", (file) => set(file, "URL", "path", { number: 9 }), "mesos.v1.URL.path"],
  ["a type", (file) => set(file, "URL", "path", { type: 12 }), "mesos.v1.URL.path"],
  ["a label", (file) => set(file, "URL", "path", { label: 2 }), "mesos.v1.URL.path"],
  ["a default", (file) => set(file, "URL", "path", { defaultValue: "/" }), "mesos.v1.URL.path"],
  ["a name", (file) => set(file, "URL", "path", { name: "road" }), "mesos.v1.URL.path"],
  ["a missing message", (file) => void file.messageType.pop(), "mesos.v1.DeviceWhitelist"],
  [
    "an enum number",
    (file) => {
      const type = message(file, "Value").enumType[0]?.value[1];
      if (type) type.number = 7;
    },
    "mesos.v1.Value.Type.RANGES",
  ],
])("%s that differs is found", (_, change, found) => {
  const { differing } = compareFacts(
    changed(change),
    changed(() => {}),
  );
  expect(differing.some((line) => line.startsWith(`${found}: `))).toBe(true);
});

/** The facts of values.proto after a change to its descriptor. */
function changed(change: (file: FileDescriptorProto) => void): DescriptorFacts {
  const values = clone(FileDescriptorProtoSchema, file_mesos_v1_values.proto);
  change(values);
  const set = create(FileDescriptorSetSchema, { file: [file_mesos_v1_ids.proto, values] });
  return descriptorFacts(createFileRegistry(set).files);
}

function message(file: FileDescriptorProto, name: string) {
  const found = file.messageType.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no message ${name}`);
  return found;
}

function set(file: FileDescriptorProto, messageName: string, field: string, to: object): void {
  const found = message(file, messageName).field.find((candidate) => candidate.name === field);
  if (found === undefined) throw new Error(`no field ${field}`);
  Object.assign(found, to);
}
