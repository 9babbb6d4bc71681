import type { ClusterInput } from "@bourse/cluster/inputs";
import type { OperatorQuery, OperatorView } from "@bourse/model/operator";

/** What waits for the loop: something that happened, or a question. Only what happened is journaled. */
export type InboxItem =
  | { readonly kind: "input"; readonly input: ClusterInput }
  | {
      readonly kind: "query";
      readonly query: OperatorQuery;
      /** Called once everything that the answer rests on is durable. */
      readonly answer: (view: OperatorView) => void;
    };

/** How the inbox makes one stream wait: HTTP/2 then makes its sender wait. */
export interface Flow {
  pause(): void;
  resume(): void;
}

/** One stream's way into the inbox. */
export interface InboxSource {
  /** `bytes`: what the item cost on the wire, 0 for one that came along in an earlier one's frame. */
  push(item: InboxItem, bytes?: number): void;
  /** Items that wait, and items that were taken so far. */
  readonly length: number;
  readonly taken: number;
  /** What was pushed is still taken; nothing is paused or resumed any more. */
  close(): void;
}

export interface InboxLimits {
  readonly sourceItemsMax: number;
  readonly sourceBytesMax: number;
  readonly itemsMax: number;
}

/** A source may have a few frames of messages waiting; all of them together less than a second's work. */
export const INBOX_LIMITS: InboxLimits = {
  sourceItemsMax: 256,
  sourceBytesMax: 1 << 20,
  itemsMax: 16_384,
};

/**
 * What waits for the loop, taken in turns: one item of each stream, so that a flood on one does not hold up
 * the others; the order within a stream is kept. Above its limits it stops reading the stream that pushed.
 */
export class Inbox {
  readonly #limits: InboxLimits;
  readonly #onReady: () => void;
  /** Sources with something to take, the next first. */
  #ready: Source[] = [];
  #next = 0;
  readonly #paused = new Set<Source>();
  #length = 0;

  constructor(onReady: () => void, limits: InboxLimits = INBOX_LIMITS) {
    this.#onReady = onReady;
    this.#limits = limits;
  }

  get length(): number {
    return this.#length;
  }

  open(flow: Flow = ENDLESS): InboxSource {
    const source = new Source(flow, (item, bytes) => this.#push(source, item, bytes));
    return source;
  }

  take(): InboxItem | null {
    const source = this.#ready[this.#next];
    if (source === undefined) return null;
    this.#next++;
    const item = source.shift();
    this.#length--;
    if (!source.isEmpty) this.#ready.push(source);
    if (this.#next === this.#ready.length || this.#next === 4096) this.#compact();
    if (this.#paused.size > 0) this.#resume(source);
    return item;
  }

  #push(source: Source, item: InboxItem, bytes: number): void {
    if (source.isEmpty) this.#ready.push(source);
    source.append(item, bytes);
    this.#length++;
    const { sourceItemsMax, sourceBytesMax, itemsMax } = this.#limits;
    const isOver = source.length > sourceItemsMax || source.bytes > sourceBytesMax;
    if ((isOver || this.#length > itemsMax) && !source.isClosed && !this.#paused.has(source)) {
      this.#paused.add(source);
      source.flow.pause();
    }
    if (this.#length === 1) this.#onReady();
  }

  /** A source goes on when nothing of it waits, unless all together still hold more than half their limit. */
  #resume(taken: Source): void {
    const half = Math.floor(this.#limits.itemsMax / 2);
    if (this.#length > half) return;
    if (taken.isEmpty && this.#paused.delete(taken)) taken.resume();
    if (this.#length < half) return;
    for (const source of this.#paused) {
      if (source.isEmpty && this.#paused.delete(source)) source.resume();
    }
  }

  #compact(): void {
    this.#ready = this.#ready.slice(this.#next);
    this.#next = 0;
  }
}

const ENDLESS: Flow = { pause() {}, resume() {} };

class Source implements InboxSource {
  readonly flow: Flow;
  readonly push: (item: InboxItem, bytes?: number) => void;
  isClosed = false;
  bytes = 0;
  taken = 0;
  #items: InboxItem[] = [];
  #sizes: number[] = [];
  #next = 0;

  constructor(flow: Flow, push: (item: InboxItem, bytes: number) => void) {
    this.flow = flow;
    this.push = (item, bytes = 0) => push(item, bytes);
  }

  get length(): number {
    return this.#items.length - this.#next;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  append(item: InboxItem, bytes: number): void {
    this.#items.push(item);
    this.#sizes.push(bytes);
    this.bytes += bytes;
  }

  /** The caller knows that there is one. */
  shift(): InboxItem {
    const item = this.#items[this.#next] as InboxItem;
    this.bytes -= this.#sizes[this.#next] as number;
    this.#next++;
    this.taken++;
    if (this.isEmpty || this.#next === 4096) {
      this.#items = this.#items.slice(this.#next);
      this.#sizes = this.#sizes.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }

  resume(): void {
    if (!this.isClosed) this.flow.resume();
  }

  close(): void {
    this.isClosed = true;
  }
}
