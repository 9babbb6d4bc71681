import { crc32 } from "node:zlib";
import { ClusterError } from "@bourse/model/errors";

/**
 * Form of the log: a header line `bourse-agent-checkpoint VERSION OWNER`, then frames
 * `length: u32, crc32 of the body: u32, crc32 of these eight bytes: u32, body`, little-endian. A frame is one write to
 * disk, so only the last can be torn.
 */
export const FORMAT_NAME = "bourse-agent-checkpoint";
/** 2 has records of operations; an agent that knew only 1 would forget reservations and volumes. */
export const FORMAT_VERSION = 2;
const READABLE_VERSIONS: readonly string[] = ["1", "2"];
const FRAME_HEADER_BYTES = 12;

export function headerLine(owner: string): Buffer {
  return Buffer.from(`${FORMAT_NAME} ${FORMAT_VERSION} ${owner}\n`, "utf8");
}

export function frame(body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + body.length);
  bytes.writeUInt32LE(body.length, 0);
  bytes.writeUInt32LE(crc32(body), 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
  bytes.set(body, FRAME_HEADER_BYTES);
  return bytes;
}

export interface ParsedFile {
  readonly owner: string;
  readonly bodies: readonly Uint8Array[];
  /** Bytes that are whole; what is behind them was being written when the machine stopped. */
  readonly length: number;
}

/**
 * Reads a log. A last frame that is cut off or does not have its checksum was never acted upon and is left out;
 * the same further in front is damage, and an agent that guesses there would lose tasks: it refuses.
 */
export function parseFile(bytes: Buffer, path: string): ParsedFile {
  const { owner, length: headerLength } = parseHeader(bytes, path);
  const bodies: Uint8Array[] = [];
  let offset = headerLength;
  while (offset + FRAME_HEADER_BYTES <= bytes.length) {
    if (crc32(bytes.subarray(offset, offset + 8)) !== bytes.readUInt32LE(offset + 8)) {
      if (bytes.subarray(offset).every((byte) => byte === 0)) break; // Room that was never filled.
      throw damaged(path, offset);
    }
    const end = offset + FRAME_HEADER_BYTES + bytes.readUInt32LE(offset);
    if (end > bytes.length) break;
    const body = bytes.subarray(offset + FRAME_HEADER_BYTES, end);
    if (crc32(body) !== bytes.readUInt32LE(offset + 4)) {
      if (end < bytes.length) throw damaged(path, offset);
      break;
    }
    bodies.push(body);
    offset = end;
  }
  return { owner, bodies, length: offset };
}

function parseHeader(bytes: Buffer, path: string): { owner: string; length: number } {
  const end = bytes.indexOf("\n");
  const [name, version, owner] = bytes.toString("utf8", 0, Math.max(0, end)).split(" ");
  if (end < 0 || name !== FORMAT_NAME || owner === undefined || owner === "") {
    throw new ClusterError("conflict", `${path} is not the checkpoint of an agent`, {
      hint: "give the agent a work directory of its own",
    });
  }
  if (!READABLE_VERSIONS.includes(version ?? "")) {
    throw new ClusterError(
      "conflict",
      `wrong store version: ${path} has format ${version}, this agent reads format ${FORMAT_VERSION}`,
      { hint: "run the version of bourse that wrote it, or start in an empty work directory" },
    );
  }
  return { owner, length: end + 1 };
}

function damaged(path: string, offset: number): ClusterError {
  return new ClusterError("conflict", `${path} is damaged at byte ${offset}`, {
    hint: "restore it from a copy, or start in an empty work directory (running containers then become orphans)",
  });
}
