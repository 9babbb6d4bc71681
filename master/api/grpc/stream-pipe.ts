import type { ClusterError } from "@bourse/model/errors";

/** A stream that can be written to until it says that it is full. */
export interface Sink<T> {
  /** False: wait for the drain. */
  write(item: T): boolean;
  onDrain(callback: () => void): void;
  end(): void;
  fail(error: ClusterError): void;
}

interface Pausable {
  pause(): void;
  resume(): void;
}

/** Writes to a sink, and stops the source while the sink is full: memory holds what the streams themselves hold. */
export class StreamPipe<T> {
  readonly #sink: Sink<T>;
  readonly #source: Pausable;
  #isPaused = false;

  constructor(sink: Sink<T>, source: Pausable) {
    this.#sink = sink;
    this.#source = source;
  }

  write(item: T): void {
    if (this.#sink.write(item) || this.#isPaused) return;
    this.#isPaused = true;
    this.#source.pause();
    this.#sink.onDrain(() => {
      this.#isPaused = false;
      this.#source.resume();
    });
  }
}
