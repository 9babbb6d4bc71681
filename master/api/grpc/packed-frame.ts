import { encode, type MessageCodec } from "@bourse/proto/wire/codec";
import { type Frame, frameOf } from "@bourse/proto/wire/frame";

/**
 * A frame of messages that are bytes already: a session encodes each message once, knows what it weighs, and
 * packs as many into a frame as fit.
 */
export function packedFrameOf<T>(
  frame: MessageCodec<Frame<T>>,
  message: MessageCodec<T>,
): (packed: Frame<Uint8Array>) => Uint8Array {
  const codec = frameOf<Uint8Array>(frame.schema, {
    schema: message.schema,
    write: (writer, bytes) => void writer.raw(bytes),
    read: () => {
      throw new Error("packed frames are only written");
    },
  });
  return (packed) => encode(codec, packed);
}
