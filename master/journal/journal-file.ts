import { closeSync, openSync, writev, writevSync } from "node:fs";

/**
 * One file that is only appended to, never synced. Bytes gather while a write is under way; each write has its
 * own position, so that what a dying process still writes at once cannot end up before it.
 */
export class JournalFile {
  readonly path: string;
  readonly #fd: number;
  readonly #onError: (error: Error) => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Where the next write goes. */
  #position = 0;
  #isWriting = false;
  #isClosing = false;
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
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
    }
  }

  flush(): void {
    if (this.#isWriting || this.#waiting.length === 0) return;
    const [chunks, position] = this.#take();
    this.#isWriting = true;
    writev(this.#fd, chunks, position, (error, written) => {
      this.#isWriting = false;
      const expected = this.#position - position;
      if (error !== null) this.#onError(error);
      else if (written < expected) this.#onError(new Error("the disk took only a part"));
      else this.flush();
      if (!this.#isWriting) this.#idle();
    });
  }

  /** For a process that ends now: whatever waits is written before this returns. */
  flushNow(): void {
    if (this.#waiting.length === 0) return;
    const [chunks, position] = this.#take();
    writevSync(this.#fd, chunks, position);
  }

  /** Resolves when all is written and the file is closed. */
  close(): Promise<void> {
    this.flush();
    this.#isClosing = true;
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      if (!this.#isWriting) this.#idle();
    });
  }

  #take(): [chunks: Uint8Array[], position: number] {
    const chunks = this.#waiting;
    const position = this.#position;
    this.#position += this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return [chunks, position];
  }

  #idle(): void {
    if (!this.#isClosing || this.#onIdle.length === 0) return;
    closeSync(this.#fd);
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
