import { invalid } from "./codec.ts";

/**
 * RecordIO (FEATURES M-12): the decimal number of bytes, a newline, then the bytes. Write one HTTP chunk a record:
 * some clients take a chunk for a record (MESOS-V1 section 1).
 */
export function encodeRecord(record: Uint8Array): Uint8Array<ArrayBuffer> {
  if (record.length === 0) throw new RangeError("a record has at least one byte");
  const head = `${record.length}\n`;
  const bytes = new Uint8Array(head.length + record.length);
  for (let index = 0; index < head.length; index++) bytes[index] = head.charCodeAt(index);
  bytes.set(record, head.length);
  return bytes;
}

/** Takes a stream in pieces of any size and gives the records that are whole. */
export class RecordDecoder {
  readonly #recordMax: number;
  /** Digits of the length, read so far. */
  #head = "";
  /** The record being filled; absent while its length is being read. */
  #record: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  constructor(recordMax: number) {
    this.#recordMax = recordMax;
  }

  /** Throws a `ClusterError` of code `invalid_call` where the stream is none of records; it is then of no more use. */
  push(chunk: Uint8Array): Uint8Array[] {
    const records: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#record === undefined) {
        this.#readHead(chunk[at++] as number);
        continue;
      }
      const piece = chunk.subarray(at, at + this.#record.length - this.#filled);
      this.#record.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === this.#record.length) {
        records.push(this.#record);
        this.#record = undefined;
      }
    }
    return records;
  }

  /** To be called at the end of the stream: refuses a record that is cut off. */
  end(): void {
    if (this.#record !== undefined || this.#head !== "")
      throw invalid("the last record is cut off");
  }

  #readHead(byte: number): void {
    if (byte !== NEWLINE) {
      if (byte < DIGIT_0 || byte > DIGIT_9)
        throw invalid("a record's length is not a decimal number");
      this.#head += String.fromCharCode(byte);
      if (this.#head.length > DIGITS_MAX) throw invalid("a record's length has too many digits");
      return;
    }
    const length = Number(this.#head);
    if (length === 0) throw invalid("a record's length is missing or 0");
    if (length > this.#recordMax) {
      throw invalid(`a record of ${length} bytes is longer than ${this.#recordMax}`);
    }
    this.#head = "";
    this.#record = new Uint8Array(length);
    this.#filled = 0;
  }
}

const NEWLINE = 0x0a;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
/** 10 GB is more than any record; the bound keeps a stream without newlines from being collected. */
const DIGITS_MAX = 10;
