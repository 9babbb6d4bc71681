import type { OutputChunk } from "../containerizer.ts";

const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * Splits the engine's multiplexed output (a header of 8 bytes: stream number, three zeros, length) back into
 * stdout and stderr. A frame that the source cut off at its end is given as far as it came.
 */
export async function* demultiplex(source: AsyncIterable<Uint8Array>): AsyncGenerator<OutputChunk> {
  let header = Buffer.alloc(0);
  let stream: OutputChunk["stream"] = "stdout";
  let frameBytesLeft = 0;
  for await (const piece of source) {
    let rest = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    while (rest.length > 0) {
      if (frameBytesLeft === 0) {
        const wanted = HEADER_BYTES - header.length;
        header = Buffer.concat([header, rest.subarray(0, wanted)]);
        rest = rest.subarray(wanted);
        if (header.length < HEADER_BYTES) break;
        stream = header[0] === STDERR ? "stderr" : "stdout";
        frameBytesLeft = header.readUInt32BE(4);
        header = Buffer.alloc(0);
        continue;
      }
      const data = rest.subarray(0, frameBytesLeft);
      frameBytesLeft -= data.length;
      rest = rest.subarray(data.length);
      yield { stream, data };
    }
  }
}
