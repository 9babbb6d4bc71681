/** Frames are cut at this size: big enough to be cheap, small enough that an urgent message does not wait long. */
const FRAME_BYTES = 65_536;
/** A peer that lets more than this pile up is not reading: the session is broken (DESIGN, Back-pressure). */
export const OUTBOUND_BYTES_MAX = 8 * 1_048_576;

export interface FrameWriterOptions<T> {
  /** Sends one batch; calls back when the transport has taken it. */
  readonly write: (messages: readonly T[], onTaken: () => void) => void;
  /** A message's size in bytes, roughly. */
  readonly sizeOf: (message: T) => number;
  readonly onOverflow: () => void;
}

/**
 * Gathers messages into frames: one goes out at the end of a loop turn, and while one has not been taken by the
 * transport, messages gather for the next. No timers.
 */
export class FrameWriter<T> {
  readonly #options: FrameWriterOptions<T>;
  #waiting: T[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #isScheduled = false;
  #isClosed = false;

  constructor(options: FrameWriterOptions<T>) {
    this.#options = options;
  }

  push(message: T): void {
    if (this.#isClosed) return;
    const bytes = this.#options.sizeOf(message);
    // One message may be larger than the bound, such as the state of a big agent that returns.
    if (this.#waiting.length > 0 && this.#waitingBytes + bytes > OUTBOUND_BYTES_MAX) {
      this.close();
      this.#options.onOverflow();
      return;
    }
    this.#waiting.push(message);
    this.#waitingBytes += bytes;
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
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
    if (this.#isClosed || this.#isWriting || this.#waiting.length === 0) return;
    this.#isWriting = true;
    this.#options.write(this.#takeFrame(), () => {
      this.#isWriting = false;
      if (this.#waiting.length > 0) this.#flush();
    });
  }

  #takeFrame(): readonly T[] {
    let bytes = 0;
    let count = 0;
    for (const message of this.#waiting) {
      const size = this.#options.sizeOf(message);
      if (count > 0 && bytes + size > FRAME_BYTES) break;
      bytes += size;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }
}
