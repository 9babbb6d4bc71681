/**
 * Reads protobuf. Numbers of 64 bits come as plain numbers, without a detour over BigInt. Throws a RangeError or
 * TypeError where the bytes are no message; `decode` turns both into a refusal.
 */
export class Reader {
  readonly length: number;
  position = 0;
  readonly #bytes: Uint8Array;
  readonly #text: Buffer;

  constructor(bytes: Uint8Array) {
    // A plain view: slices of a Buffer would be Buffers again, and slower.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.length = bytes.byteLength;
  }

  /** A number of 32 bits: tags and lengths. */
  uint32(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.position++];
    if (byte === undefined) throw cutOff();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      byte = bytes[this.position++];
      if (byte === undefined) throw cutOff();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new RangeError("the number has more than 32 bits");
  }

  /** A whole number of the types int32, int64 or an enum; not exact beyond 53 bits. */
  integer(): number {
    const bytes = this.#bytes;
    const start = this.position;
    let value = 0;
    let factor = 1;
    for (let index = 0; index < 9; index++) {
      const byte = bytes[this.position++];
      if (byte === undefined) throw cutOff();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
    const last = bytes[this.position++]; // Bit 63: the number is negative.
    if (last === undefined || last > 1) throw new RangeError("the number has more than 64 bits");
    this.position = start;
    return this.#signed();
  }

  bool(): boolean {
    return this.integer() !== 0;
  }

  double(): number {
    const start = this.position;
    this.position += 8;
    if (this.position > this.length) throw cutOff();
    return this.#text.readDoubleLE(start);
  }

  /** A view of the message, not a copy. */
  bytes(): Uint8Array {
    const start = this.#take();
    return this.#bytes.subarray(start, this.position);
  }

  /** The 16 bytes of a uuid and the like as hex digits. */
  hex(): string {
    const start = this.#take();
    return this.#text.toString("hex", start, this.position);
  }

  string(): string {
    const start = this.#take();
    const text = this.#text.toString("utf8", start, this.position);
    // Node replaces what is not UTF-8; the strict decoder tells that from a replacement that was sent.
    return text.includes("\ufffd")
      ? STRICT.decode(this.#bytes.subarray(start, this.position))
      : text;
  }

  /** Passes over a field. Groups of groups are passed over to a depth of a hundred. */
  skip(tag: number, depth = 100): void {
    if (tag >>> 3 === 0 || depth === 0) throw new RangeError("the tag is malformed");
    switch (tag & 7) {
      case 0:
        this.integer();
        break;
      case 1:
        this.position += 8;
        break;
      case 2:
        this.#take();
        break;
      case 3:
        this.#skipGroup(tag, depth);
        break;
      case 5:
        this.position += 4;
        break;
      default:
        throw new RangeError("the tag is malformed");
    }
    if (this.position > this.length) throw cutOff();
  }

  #skipGroup(tag: number, depth: number): void {
    const end = tag + 1; // The end of a group has wire type 4.
    for (let inner = this.uint32(); inner !== end; inner = this.uint32()) {
      this.skip(inner, depth - 1);
    }
  }

  /** Reads a length, moves past that much, and returns where it began. */
  #take(): number {
    const length = this.uint32();
    const start = this.position;
    this.position += length;
    if (this.position > this.length) throw cutOff();
    return start;
  }

  #signed(): number {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes[this.position++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
  }
}

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function cutOff(): RangeError {
  return new RangeError("the message is cut off");
}
