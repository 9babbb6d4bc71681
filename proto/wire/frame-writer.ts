/** Frames are cut at this size: big enough to be cheap, small enough that an urgent message does not wait long. */
export const FRAME_BYTES_MAX = 65_536;

/** A peer that lets more than this pile up is not reading: its session is broken (docs/ARCHITECTURE.md, promise 3). */
export const OUTBOUND_BYTES_MAX = 8 * 1_048_576;

/** Messages that wait for a stream, and how they are cut into frames; a message that is larger has a frame alone. */
export class FrameQueue<T> {
  readonly #sizeOf: (message: T) => number;
  #waiting: T[] = [];
  #bytes = 0;

  /** `sizeOf`: in bytes, roughly; the same each time. */
  constructor(sizeOf: (message: T) => number) {
    this.#sizeOf = sizeOf;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Of all that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  push(message: T): void {
    this.#waiting.push(message);
    this.#bytes += this.#sizeOf(message);
  }

  takeFrame(): readonly T[] {
    let bytes = 0;
    let count = 0;
    for (const message of this.#waiting) {
      const size = this.#sizeOf(message);
      if (count > 0 && bytes + size > FRAME_BYTES_MAX) break;
      bytes += size;
      count++;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
  }
}

export interface FrameWriterOptions<T> {
  /** Sends one batch; calls back when the transport has taken it. */
  write(messages: readonly T[], onTaken: () => void): void;
  /** A message's size in bytes, roughly. */
  sizeOf(message: T): number;
  /** The peer does not read. Told once; nothing is sent any more. */
  onOverflow(): void;
}

/**
 * Gathers messages into frames, for the side that opened a session: one goes out at the end of a loop turn, and
 * while one has not been taken by the transport, messages gather for the next. No timers.
 */
export class FrameWriter<T> {
  readonly #options: FrameWriterOptions<T>;
  readonly #queue: FrameQueue<T>;
  #isWriting = false;
  #isScheduled = false;
  #isClosed = false;
  #onDrained: (() => void) | null = null;

  constructor(options: FrameWriterOptions<T>) {
    this.#options = options;
    this.#queue = new FrameQueue((message) => options.sizeOf(message));
  }

  push(message: T): void {
    if (this.#isClosed) return;
    const isAlone = this.#queue.isEmpty;
    this.#queue.push(message);
    // One message may be larger than the bound, such as the state of a big agent that returns.
    if (!isAlone && this.#queue.bytes > OUTBOUND_BYTES_MAX) {
      this.close();
      this.#options.onOverflow();
      return;
    }
    this.#schedule();
  }

  /** Calls back once all that was pushed has been taken; nothing may be pushed after. */
  finish(onDrained: () => void): void {
    this.#onDrained = onDrained;
    this.#flush();
  }

  close(): void {
    this.#isClosed = true;
    this.#queue.clear();
  }

  #schedule(): void {
    if (this.#isWriting || this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isClosed || this.#isWriting) return;
    if (this.#queue.isEmpty) {
      this.#onDrained?.();
      return;
    }
    this.#isWriting = true;
    this.#options.write(this.#queue.takeFrame(), () => {
      this.#isWriting = false;
      this.#flush();
    });
  }
}
