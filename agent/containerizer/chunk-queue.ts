import type { OutputChunk } from "./containerizer.ts";

/** Output on its way from one writer to one reader; ends after `end`. Unbounded: the writer minds how much. */
export class ChunkQueue implements AsyncIterable<OutputChunk> {
  readonly #waiting: OutputChunk[] = [];
  #wake: () => void = () => {};
  #hasEnded = false;

  push(chunk: OutputChunk): void {
    this.#waiting.push(chunk);
    this.#wake();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OutputChunk> {
    while (true) {
      const chunk = this.#waiting.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#hasEnded) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
