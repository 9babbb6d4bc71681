import { closeSync, openSync, writev, writevSync } from "node:fs";

/** So long, and so much, gathers for one write: small ones cost more than what is in them. */
const GATHER_MS = 20;
const GATHER_BYTES = 1 << 16;
/** Small chunks are copied behind one another; a write of many chunks costs by their number. */
const PAGE_BYTES = 1 << 18;
const COPIED_BYTES_MAX = 1 << 14;

/**
 * One file that is only appended to, never synced. Bytes gather for a few milliseconds, and while a write is under way;
 * each write has its own position, so that what a dying process still writes at once cannot end up before it.
 */
export class JournalFile {
  readonly path: string;
  readonly #fd: number;
  readonly #onError: (error: Error) => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Takes small chunks; from `#pageTaken` to `#pageUsed` they wait, behind all of `#waiting`. */
  #page = Buffer.allocUnsafeSlow(PAGE_BYTES);
  #pageTaken = 0;
  #pageUsed = 0;
  /** Where the next write goes. */
  #position = 0;
  #isWriting = false;
  #isClosing = false;
  #timer: NodeJS.Timeout | null = null;
  readonly #onIdle: (() => void)[] = [];

  constructor(path: string, onError: (error: Error) => void) {
    this.path = path;
    this.#fd = openSync(path, "wx", 0o600);
    this.#onError = onError;
  }

  get bytes(): number {
    return this.#position + this.#waitingBytes;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  append(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      this.#waitingBytes += chunk.length;
      if (chunk.length > COPIED_BYTES_MAX) {
        this.#endPage();
        this.#waiting.push(chunk);
        continue;
      }
      if (this.#pageUsed + chunk.length > PAGE_BYTES) {
        this.#endPage();
        this.#page = Buffer.allocUnsafeSlow(PAGE_BYTES);
        this.#pageTaken = 0;
        this.#pageUsed = 0;
      }
      this.#page.set(chunk, this.#pageUsed);
      this.#pageUsed += chunk.length;
    }
  }

  /** What waits is written soon: at once when it is much. */
  flush(): void {
    if (this.#isWriting || this.#waitingBytes === 0) return;
    if (this.#waitingBytes >= GATHER_BYTES) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), GATHER_MS);
  }

  /** For a process that ends now: whatever waits is written before this returns. */
  flushNow(): void {
    this.#stopTimer();
    if (this.#waitingBytes === 0) return;
    const [chunks, position] = this.#take();
    writevSync(this.#fd, chunks, position);
  }

  /** Resolves when all is written and the file is closed. */
  close(): Promise<void> {
    this.#isClosing = true;
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      if (this.#isWriting) return; // Its end writes the rest.
      if (this.#waitingBytes > 0) this.#write();
      else this.#idle();
    });
  }

  #write(): void {
    this.#stopTimer();
    if (this.#isWriting || this.#waitingBytes === 0) return;
    const expected = this.#waitingBytes;
    const [chunks, position] = this.#take();
    this.#isWriting = true;
    writev(this.#fd, chunks, position, (error, written) => {
      this.#isWriting = false;
      if (error !== null) this.#onError(error);
      else if (written < expected) this.#onError(new Error("the disk took only a part"));
      else if (this.#isClosing) this.#write();
      else this.flush();
      if (!this.#isWriting) this.#idle();
    });
  }

  #take(): [chunks: Uint8Array[], position: number] {
    this.#endPage();
    const chunks = this.#waiting;
    const position = this.#position;
    this.#position += this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return [chunks, position];
  }

  /** What was copied waits behind what waited before; later chunks are copied behind it. */
  #endPage(): void {
    if (this.#pageUsed === this.#pageTaken) return;
    this.#waiting.push(this.#page.subarray(this.#pageTaken, this.#pageUsed));
    this.#pageTaken = this.#pageUsed;
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #idle(): void {
    if (!this.#isClosing || this.#onIdle.length === 0) return;
    this.#stopTimer();
    closeSync(this.#fd);
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
