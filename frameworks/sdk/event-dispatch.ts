import type { DriverEvent, DriverHandler } from "./driver-events.ts";

type AnyHandler = (event: DriverEvent) => void | Promise<void>;

interface Queued {
  readonly event: DriverEvent;
  readonly settle: (error: unknown) => void;
}

/**
 * Hands events to handlers one at a time, in order, each after the one before has been dealt with. A reader of
 * `events()` is a handler too: it has dealt with an event when it asks for the next.
 */
export class EventDispatch {
  readonly #handlers = new Map<DriverEvent["kind"], AnyHandler[]>();
  readonly #queue: Queued[] = [];
  #isRunning = false;
  #reader: Reader | null = null;
  #end: { readonly error: Error | null } | null = null;

  on<Kind extends DriverEvent["kind"]>(kind: Kind, handler: DriverHandler<Kind>): void {
    const handlers = this.#handlers.get(kind) ?? [];
    handlers.push(handler as AnyHandler);
    this.#handlers.set(kind, handlers);
  }

  /** `settle` is called with null once all handlers have resolved, else with what the first threw. */
  push(event: DriverEvent, settle: (error: unknown) => void): void {
    this.#queue.push({ event, settle });
    if (!this.#isRunning) void this.#run();
  }

  /** Lets readers end after what is queued; with an error they throw it. */
  end(error: Error | null): void {
    this.#end = { error };
    if (!this.#isRunning) this.#reader?.end(error);
  }

  /** The reader listens from now on, not from the first `next`. */
  events(): AsyncGenerator<DriverEvent, void, undefined> {
    const reader = new Reader();
    this.#reader = reader;
    if (this.#end !== null && !this.#isRunning) reader.end(this.#end.error);
    return this.#read(reader);
  }

  async *#read(reader: Reader): AsyncGenerator<DriverEvent, void, undefined> {
    try {
      for (let event = await reader.next(); event !== null; event = await reader.next())
        yield event;
    } finally {
      reader.leave();
      if (this.#reader === reader) this.#reader = null;
    }
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      next.settle(await this.#handle(next.event));
    }
    this.#isRunning = false;
    if (this.#end !== null) this.#reader?.end(this.#end.error);
  }

  async #handle(event: DriverEvent): Promise<unknown> {
    let first: unknown = null;
    for (const handler of this.#handlers.get(event.kind) ?? []) {
      try {
        await handler(event);
      } catch (thrown) {
        first ??= thrown ?? new Error("a handler threw nothing");
      }
    }
    await this.#reader?.offer(event);
    return first;
  }
}

/** One `for await` loop. */
class Reader {
  #event: DriverEvent | null = null;
  #isTaken = false;
  #isOver = false;
  #error: Error | null = null;
  #wakeReader: (() => void) | null = null;
  #wakeWriter: (() => void) | null = null;

  /** Resolves when the loop's body has dealt with the event, or the loop is left. */
  async offer(event: DriverEvent): Promise<void> {
    if (this.#isOver) return;
    this.#event = event;
    this.#isTaken = false;
    this.#wakeReader?.();
    await new Promise<void>((resolve) => {
      this.#wakeWriter = resolve;
    });
  }

  async next(): Promise<DriverEvent | null> {
    if (this.#isTaken) {
      this.#event = null;
      this.#isTaken = false;
      this.#wakeWriter?.();
    }
    while (this.#event === null && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    if (this.#event === null) {
      if (this.#error !== null) throw this.#error;
      return null;
    }
    this.#isTaken = true;
    return this.#event;
  }

  end(error: Error | null): void {
    this.#isOver = true;
    this.#error = error;
    this.#wakeReader?.();
  }

  leave(): void {
    this.#isOver = true;
    this.#wakeWriter?.();
  }
}
