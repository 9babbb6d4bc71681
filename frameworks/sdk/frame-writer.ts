/** Frames are cut at this size: big enough to be cheap, small enough that an urgent call does not wait long. */
const FRAME_BYTES = 65_536;

/** A master that lets more than this pile up is not reading: the session is broken (DESIGN, Back-pressure). */
export const OUTBOUND_BYTES_MAX = 8 * 1_048_576;

export interface FrameWriterOptions<T> {
  /** Sends one batch; calls back when the transport has taken it. */
  write(messages: readonly T[], onTaken: () => void): void;
  /** Roughly, in bytes. */
  sizeOf(message: T): number;
  onOverflow(): void;
}

/**
 * Gathers messages into frames: one goes out at the end of a loop turn, and while the transport has not taken it,
 * messages gather for the next. No timers.
 */
export class FrameWriter<T> {
  readonly #options: FrameWriterOptions<T>;
  #waiting: { readonly message: T; readonly bytes: number }[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #isScheduled = false;
  #isClosed = false;
  #onDrained: (() => void) | null = null;

  constructor(options: FrameWriterOptions<T>) {
    this.#options = options;
  }

  push(message: T): void {
    if (this.#isClosed) return;
    const bytes = this.#options.sizeOf(message);
    if (this.#waiting.length > 0 && this.#waitingBytes + bytes > OUTBOUND_BYTES_MAX) {
      this.close();
      this.#options.onOverflow();
      return;
    }
    this.#waiting.push({ message, bytes });
    this.#waitingBytes += bytes;
    if (this.#isWriting || this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  /** Calls back once all that was pushed has been taken; nothing may be pushed after. */
  finish(onDrained: () => void): void {
    this.#onDrained = onDrained;
    this.#flush();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
  }

  #flush(): void {
    if (this.#isClosed || this.#isWriting) return;
    if (this.#waiting.length === 0) {
      this.#onDrained?.();
      return;
    }
    this.#isWriting = true;
    this.#options.write(this.#takeFrame(), () => {
      this.#isWriting = false;
      this.#flush();
    });
  }

  #takeFrame(): readonly T[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && bytes + waiting.bytes > FRAME_BYTES) break;
      bytes += waiting.bytes;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count).map(({ message }) => message);
  }
}
