import { setTimeout as delay } from "node:timers/promises";
import type { ContainerId } from "@bourse/model/ids";
import type Docker from "dockerode";
import { engineErrorText } from "./engine-error.ts";
import { containerIdOf, ownedBy } from "./labels.ts";

export interface EngineWatchOptions {
  readonly docker: Docker;
  readonly owner: string;
  /** The engine answers (again) and its events flow: compare all containers. A rejection means it went away. */
  readonly synchronize: () => Promise<void>;
  /** The engine says that this container ended. */
  readonly onDeath: (containerId: ContainerId) => void;
  readonly onNotice: (message: string) => void;
}

const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 5_000;
/** Everything is compared this often although events come: an engine under load drops some. */
const COMPARE_INTERVAL_MS = 30_000;

/**
 * Keeps one stream of container events open, whatever the engine does: when it breaks, it connects again with
 * backoff and has everything compared, so that an exit while nobody listened is found. Events are subscribed to
 * before the comparison, so nothing falls between the two.
 */
export class EngineWatch {
  readonly #options: EngineWatchOptions;
  readonly #stopped = new AbortController();
  #waiters: (() => void)[] = [];
  #isUp = false;
  #problem = "not asked yet";
  #loop: Promise<void> | null = null;

  constructor(options: EngineWatchOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Why the engine is not up. */
  get problem(): string {
    return this.#problem;
  }

  /** Starts watching, once. Resolves with true when the first comparison is done, with false after the limit. */
  async start(limitMs: number): Promise<boolean> {
    this.#loop ??= this.#run();
    const timer = new AbortController();
    const late = delay(limitMs, false, { signal: timer.signal }).catch(() => false);
    const inTime = this.#untilUp().then(() => true);
    const isReady = await Promise.race([inTime, late]);
    timer.abort();
    return isReady;
  }

  #untilUp(): Promise<void> {
    if (this.#isUp) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    let backoffMs = BACKOFF_MS_MIN;
    while (!this.#stopped.signal.aborted) {
      const hasWorked = await this.#watchOnce();
      backoffMs = hasWorked ? BACKOFF_MS_MIN : Math.min(backoffMs * 2, BACKOFF_MS_MAX);
      await delay(backoffMs, undefined, { signal: this.#stopped.signal }).catch(() => {});
    }
  }

  /** One connection, from subscribing until it breaks. True when it got as far as a comparison. */
  async #watchOnce(): Promise<boolean> {
    let hasWorked = false;
    const connection = new AbortController();
    const abort = () => connection.abort();
    this.#stopped.signal.addEventListener("abort", abort, { once: true });
    const comparing = setInterval(() => {
      this.#options.synchronize().catch(abort);
    }, COMPARE_INTERVAL_MS);
    try {
      const events = await this.#subscribe(connection.signal);
      await this.#options.synchronize();
      hasWorked = true;
      this.#goUp();
      await this.#readEvents(events);
      this.#goDown("it closed the stream of events");
    } catch (thrown) {
      this.#goDown(engineErrorText(thrown));
    } finally {
      clearInterval(comparing);
      connection.abort();
      this.#stopped.signal.removeEventListener("abort", abort);
    }
    return hasWorked;
  }

  #subscribe(abortSignal: AbortSignal): Promise<NodeJS.ReadableStream> {
    return this.#options.docker.getEvents({
      abortSignal,
      filters: { type: ["container"], event: ["die"], label: [ownedBy(this.#options.owner)] },
    });
  }

  async #readEvents(events: NodeJS.ReadableStream): Promise<void> {
    let unfinished = "";
    events.setEncoding("utf8");
    for await (const text of events) {
      const lines = `${unfinished}${text}`.split("\n");
      unfinished = lines.pop() ?? "";
      for (const line of lines) this.#readEvent(line);
    }
  }

  #readEvent(line: string): void {
    if (line.trim() === "") return;
    const event = JSON.parse(line) as { Actor?: { Attributes?: Record<string, string> } };
    const containerId = containerIdOf(event.Actor?.Attributes);
    if (containerId !== null) this.#options.onDeath(containerId);
  }

  #goUp(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    for (const resolve of this.#waiters.splice(0)) resolve();
    this.#options.onNotice("the Docker engine answers");
  }

  #goDown(problem: string): void {
    this.#problem = problem;
    if (this.#stopped.signal.aborted || !this.#isUp) return;
    this.#isUp = false;
    this.#options.onNotice(`the Docker engine went away: ${problem}`);
  }
}
