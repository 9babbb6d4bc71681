import { present } from "@bourse/model/assert";
import { ClusterError } from "@bourse/model/errors";
import {
  type DescEnum,
  type DescMessage,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { invalid } from "./codec.ts";

/** A Mesos message from bytes of outside; refused with its name where the bytes are none. */
export function readMessage<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  try {
    return fromBinary(schema, bytes);
  } catch (error) {
    throw invalid(`${schema.typeName} cannot be decoded`, error);
  }
}

/** The bytes of a Mesos message; refused where a required field is missing. */
export function writeMessage<D extends DescMessage>(
  schema: D,
  message: MessageShape<D>,
): Uint8Array {
  try {
    return toBinary(schema, message);
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    throw invalid(
      `${schema.typeName} cannot be encoded: ${ClusterError.from(error).message}`,
      error,
    );
  }
}

/** The number of an enum value by its name in the .proto file (the generated constants drop prefixes). */
export function enumNumber(schema: DescEnum, name: string): number {
  return present(
    schema.values.find((value) => value.name === name)?.number,
    `${schema.name}.${name}`,
  );
}

/** The reverse of `enumNumber`. Enums of proto2 are closed: a number without a name does not get here. */
export function enumName(schema: DescEnum, number: number): string {
  return present(schema.value[number]?.name, `${schema.name} ${number}`);
}
