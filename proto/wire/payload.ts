import { WireType } from "@bufbuild/protobuf/wire";
import { invalid, tagOf } from "./codec.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/**
 * The rest of a Mesos message: its bytes without the top-level fields that the model has. Works on the bytes, so
 * that fields which this version does not know are kept as they came.
 */
export function withoutFields(bytes: Uint8Array, numbers: ReadonlySet<number>): Uint8Array {
  const kept: Uint8Array[] = [];
  let start = 0; // Of the run of fields to keep.
  forEachField(bytes, (number, from, to) => {
    if (!numbers.has(number)) return;
    if (from > start) kept.push(bytes.subarray(start, from));
    start = to;
  });
  if (start === 0) return bytes;
  kept.push(bytes.subarray(start));
  return joined(kept);
}

/** Messages of one type joined: in protobuf, the bytes one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A nested message as a field of the one around it. */
export function memberBytes(number: number, message: Uint8Array): Uint8Array {
  return new Writer().uint32(tagOf(number, WireType.LengthDelimited)).bytes(message).finish();
}

function forEachField(
  bytes: Uint8Array,
  visit: (number: number, from: number, to: number) => void,
): void {
  const reader = new Reader(bytes);
  try {
    while (reader.position < reader.length) {
      const from = reader.position;
      const tag = reader.uint32();
      reader.skip(tag);
      visit(tag >>> 3, from, reader.position);
    }
  } catch (error) {
    throw invalid("the payload is not a message", error);
  }
}
