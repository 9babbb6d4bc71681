import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { ClusterError } from "@bourse/model/errors";

/**
 * The bytes of a file, piece by piece, unpacked when they begin like gzip, whatever the file is called. Never holds
 * more than some pieces. `onRead` hears how many bytes of the file itself were read. Throws `invalid_call` naming the
 * file when it cannot be read or unpacked.
 */
export async function* bytesOf(
  path: string,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer> {
  try {
    const pieces = rawPieces(path, onRead);
    const first = await pieces.next();
    if (first.done === true) return;
    const whole = restored(first.value, pieces);
    if (!isGzip(first.value)) {
      yield* whole;
      return;
    }
    const unpacked = pipeline(whole, createGunzip({ chunkSize: PIECE_BYTES }), () => {});
    for await (const piece of unpacked) yield piece as Buffer;
  } catch (thrown) {
    throw readFailure(path, thrown);
  }
}

/** Large enough that a piece costs nothing, small enough that a reader's pause is short. */
const PIECE_BYTES = 256 * 1_024;

async function* rawPieces(path: string, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
    onRead((piece as Buffer).length);
    yield piece as Buffer;
  }
}

async function* restored(first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

function isGzip(piece: Buffer): boolean {
  return piece[0] === 0x1f && piece[1] === 0x8b;
}

function readFailure(path: string, thrown: unknown): unknown {
  if (thrown instanceof ClusterError || !(thrown instanceof Error) || !("code" in thrown)) {
    return thrown;
  }
  const code = String(thrown.code);
  const [why, hint] = code.startsWith("Z_")
    ? ["its gzip data is damaged or cut off", "fetch or pack the file again"]
    : (FAILURES[code] ?? [thrown.message, "check the path and who may read it"]);
  return new ClusterError("invalid_call", `cannot read ${path}: ${why}`, { cause: thrown, hint });
}

const FAILURES: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  ENOENT: ["there is no such file", "check the path"],
  EISDIR: ["it is a directory", "name a file in it"],
  EACCES: ["no permission", "check who may read it"],
};
