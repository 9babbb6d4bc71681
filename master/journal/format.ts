import { crc32 } from "node:zlib";
import type { ClusterInput, ClusterStart } from "@bourse/cluster/inputs";
import { ClusterError } from "@bourse/model/errors";
import type { Now } from "@bourse/model/now";
import { Packr, Unpackr } from "msgpackr";
import { joinSnapshot } from "./snapshot-pieces.ts";

/** Raised with every change of what is written; another one is refused. */
export const JOURNAL_FORMAT = 3;

/** First line of the file, so that `head -1` tells what it is. */
const MAGIC = Buffer.from("bourse journal\n");

/** Everything that a replay starts from. */
export interface JournalHeader {
  readonly format: number;
  /** Of the program that wrote it: another build may rightly decide otherwise. */
  readonly build: string;
  readonly openedAtMs: number;
  /** Counts the files of one master process from 1. */
  readonly part: number;
  /** As the cluster was made; for later parts without its entries, which `snapshot` holds. */
  readonly start: ClusterStart;
  /** State of the core when the file was begun; null = as it starts. In the file without its long lists. */
  readonly snapshot: unknown;
  /** How many frames with parts of those lists follow. */
  readonly pieces: number;
  /** Inputs applied before this file, and the state of the rolling hash then. */
  readonly inputs: number;
  readonly hash: readonly number[];
}

export type JournalRecord =
  | {
      readonly kind: "input";
      readonly now: Now;
      readonly input: ClusterInput;
      /** Of the rolling hash before this input: a replay finds the first input whose effects differ. */
      readonly check: number;
      /** Of the record's bytes: what the rolling hash takes for the input. */
      readonly crc: number;
    }
  /** The file was ended in good order. `stateHash` is null where the master went on in another file. */
  | { readonly kind: "end"; readonly digest: string; readonly stateHash: string | null };

/** Writes values into frames: length, crc32, msgpack. One per file: later values refer to shapes of earlier ones. */
export class FrameWriter {
  readonly #packr = new Packr({ useRecords: true, moreTypes: true, sequential: true } as object);
  /** Of the newest frame. */
  crc = 0;

  header(header: JournalHeader): readonly Uint8Array[] {
    return [MAGIC, ...this.#frame(header)];
  }

  input(now: Now, input: ClusterInput, check: number): readonly Uint8Array[] {
    return this.#frame([now.monoMs, now.wallMs, check, input]);
  }

  piece(items: readonly unknown[]): readonly Uint8Array[] {
    return framed(alone.pack(items));
  }

  end(digest: string, stateHash: string | null): readonly Uint8Array[] {
    return this.#frame([digest, stateHash]);
  }

  #frame(value: unknown): readonly Uint8Array[] {
    const bytes = this.#packr.pack(value);
    this.crc = crc32(bytes);
    return framed(bytes, this.crc);
  }
}

/** For pieces of a snapshot: they are packed while records of the same file already are. */
const alone = new Packr({ useRecords: true, moreTypes: true });

function framed(bytes: Uint8Array, crc: number = crc32(bytes)): readonly Uint8Array[] {
  const head = Buffer.allocUnsafe(8);
  head.writeUInt32LE(bytes.length, 0);
  head.writeUInt32LE(crc, 4);
  return [head, bytes];
}

export interface JournalContent {
  readonly header: JournalHeader;
  /** Ends at the first frame that is not whole; `isTorn` and `position` are right once it has ended. */
  readonly records: Iterable<JournalRecord>;
  readonly isTorn: boolean;
  /** Bytes read so far. */
  readonly position: number;
}

/** Reads a whole file's bytes. What is no journal, or of another format, is refused; a torn end is not. */
export function readJournal(name: string, bytes: Uint8Array): JournalContent {
  const frames = new FrameReader(bytes);
  const header = headerOf(name, frames);
  return {
    header,
    get isTorn() {
      return frames.isTorn;
    },
    get position() {
      return frames.position;
    },
    records: recordsOf(frames),
  };
}

function headerOf(name: string, frames: FrameReader): JournalHeader {
  const first = frames.next();
  const cutOff = new ClusterError(
    "invalid_call",
    `read ${name}: it is no journal, or its header is cut off`,
  );
  if (first === null) throw cutOff;
  const header = first.value as JournalHeader;
  if (header.format !== JOURNAL_FORMAT) {
    throw new ClusterError(
      "invalid_call",
      `read ${name}: it has format ${header.format}, this program knows format ${JOURNAL_FORMAT}`,
      { hint: `replay it with the program that wrote it: ${header.build}` },
    );
  }
  const pieces: (readonly unknown[])[] = [];
  while (pieces.length < header.pieces) {
    const piece = frames.next(alone);
    if (piece === null) throw cutOff;
    pieces.push(piece.value as readonly unknown[]);
  }
  return { ...header, snapshot: joinSnapshot({ skeleton: header.snapshot, pieces }) };
}

function* recordsOf(frames: FrameReader): Generator<JournalRecord> {
  for (let frame = frames.next(); frame !== null; frame = frames.next()) {
    const values = frame.value as [number, number, number, ClusterInput] | [string, string | null];
    if (values.length === 2) {
      yield { kind: "end", digest: values[0], stateHash: values[1] };
    } else {
      const [monoMs, wallMs, check, input] = values;
      yield { kind: "input", now: { monoMs, wallMs }, input, check, crc: frame.crc };
    }
  }
}

interface FrameValue {
  readonly value: unknown;
  readonly crc: number;
}

class FrameReader {
  readonly #unpackr = new Unpackr({
    useRecords: true,
    moreTypes: true,
    sequential: true,
  } as object);
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  position = 0;
  isTorn = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (MAGIC.compare(bytes.subarray(0, MAGIC.length)) === 0) this.position = MAGIC.length;
    else this.isTorn = true;
  }

  /** Null at the end, and for good once a frame is not whole. */
  next(unpackr: Pick<Unpackr, "unpack"> = this.#unpackr): FrameValue | null {
    if (this.isTorn || this.position === this.#bytes.length) return null;
    const start = this.position + 8;
    if (start <= this.#bytes.length) {
      const end = start + this.#view.getUint32(this.position, true);
      const crc = this.#view.getUint32(this.position + 4, true);
      if (end <= this.#bytes.length && crc32(this.#bytes.subarray(start, end)) === crc) {
        this.position = end;
        return { value: unpackr.unpack(this.#bytes.subarray(start, end)), crc };
      }
    }
    this.isTorn = true;
    return null;
  }
}
