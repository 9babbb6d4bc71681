import type { Random } from "@bourse/model/random";
import type { Happening } from "./event-queue.ts";
import type { Simulation } from "./simulation.ts";

/** How long one message takes, in milliseconds. Drawn anew for every message; order on a link is kept all the same. */
export interface Latency {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Two sets of nodes that do not reach each other. */
export interface Partition {
  readonly side: readonly string[];
  /** Null: everybody else. */
  readonly others: readonly string[] | null;
  /** Only what `side` sends is lost: what the others send still arrives, until a link is given up for dead. */
  readonly isOneWay: boolean;
}

/**
 * Links between named nodes. A link delivers an in-order prefix of what was sent, then breaks and loses the rest
 * (DESIGN, Links): what HTTP/2 gives. There is no loss, duplication or reordering within a link.
 */
export class Network {
  readonly simulation: Simulation;
  readonly #latency: Latency;
  readonly #random: Random;
  readonly #links = new Set<Link<unknown, unknown>>();
  /** Nodes that reach nobody until the virtual time. */
  readonly #isolatedUntilMs = new Map<string, number>();
  readonly #partitions = new Set<{ readonly partition: Partition; readonly untilMs: number }>();
  #slowUntilMs = 0;
  #slowExtraMs = 0;

  constructor(simulation: Simulation, latency: Latency) {
    this.simulation = simulation;
    this.#latency = latency;
    this.#random = simulation.random.fork("network");
  }

  /** A link from a client to a server that is known to listen. Null: one of them is cut off. */
  connect<Up, Down>(client: string, server: string): Link<Up, Down> | null {
    if (this.isIsolated(client) || this.isIsolated(server)) return null;
    if (this.#arePartitioned(client, server)) return null;
    const link: Link<Up, Down> = new Link(this, client, server);
    this.#links.add(link as Link<unknown, unknown>);
    return link;
  }

  isIsolated(node: string): boolean {
    return (this.#isolatedUntilMs.get(node) ?? 0) > this.simulation.nowMs;
  }

  /** Links that carry messages now, in the order in which they were made. */
  get links(): readonly Link<unknown, unknown>[] {
    return Array.from(this.#links);
  }

  /** Cuts all links of the node, half-open, and refuses new ones until `durationMs` have passed. */
  isolate(node: string, durationMs: number): void {
    this.#isolatedUntilMs.set(node, this.simulation.nowMs + durationMs);
    for (const link of this.links) if (link.touches(node)) link.break("partition", durationMs);
  }

  /**
   * Cuts what lies between the two sides, half-open, and refuses new links between them until `durationMs` have passed.
   * A connection needs both ways, so a partition of one way refuses new links as well.
   */
  partition(partition: Partition, durationMs: number): void {
    this.#partitions.add({ partition, untilMs: this.simulation.nowMs + durationMs });
    for (const link of this.links) {
      const isUp = isCut(partition, link.clientName, link.serverName);
      const isDown = isCut(partition, link.serverName, link.clientName);
      if (!isUp && !isDown) continue;
      if (!partition.isOneWay) link.break("partition", durationMs);
      else link.silence(isUp ? "client" : "server", "partition", durationMs);
    }
  }

  #arePartitioned(client: string, server: string): boolean {
    if (this.#partitions.size === 0) return false;
    for (const rule of this.#partitions) {
      if (rule.untilMs <= this.simulation.nowMs) this.#partitions.delete(rule);
      else if (isCut(rule.partition, client, server) || isCut(rule.partition, server, client))
        return true;
    }
    return false;
  }

  /** Every message takes up to `extraMs` longer for a while. */
  slowDown(extraMs: number, durationMs: number): void {
    this.#slowExtraMs = extraMs;
    this.#slowUntilMs = this.simulation.nowMs + durationMs;
  }

  /** Heals everything that was to last. */
  heal(): void {
    this.#isolatedUntilMs.clear();
    this.#partitions.clear();
    this.#slowUntilMs = 0;
  }

  drawLatencyMs(): number {
    const { minMs, maxMs } = this.#latency;
    const base = minMs === maxMs ? minMs : this.#random.between(minMs, maxMs);
    if (this.simulation.nowMs >= this.#slowUntilMs) return base;
    return base + this.#random.below(this.#slowExtraMs + 1);
  }

  drawNoticeMs(withinMs: number): number {
    return Number.isFinite(withinMs) ? this.#random.below(withinMs + 1) : withinMs;
  }

  forget(link: object): void {
    this.#links.delete(link as Link<unknown, unknown>);
  }
}

/** One bidirectional stream: the client sends `Up`, the server `Down`. */
export class Link<Up, Down> {
  readonly client: LinkEnd<Up, Down>;
  readonly server: LinkEnd<Down, Up>;
  readonly #network: Network;
  readonly #nodes: readonly [client: string, server: string];
  #isBroken = false;

  constructor(network: Network, client: string, server: string) {
    this.#network = network;
    this.#nodes = [client, server];
    const up = new Pipe<Up>(network);
    const down = new Pipe<Down>(network);
    this.client = new LinkEnd(up, down, () => this.#over());
    this.server = new LinkEnd(down, up, () => this.#over());
  }

  get name(): string {
    return `${this.#nodes[0]} - ${this.#nodes[1]}`;
  }

  get clientName(): string {
    return this.#nodes[0];
  }

  get serverName(): string {
    return this.#nodes[1];
  }

  touches(node: string): boolean {
    return this.#nodes.includes(node);
  }

  /**
   * Both directions lose what has not arrived yet. Each end learns of it by itself, at any time within
   * `noticeWithinMs` (Infinity = never); until then it is half-open: what it sends goes nowhere.
   */
  break(cause: string, noticeWithinMs: number): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#network.forget(this);
    for (const end of [this.client, this.server]) {
      end.cut();
      const noticeMs = this.#network.drawNoticeMs(noticeWithinMs);
      if (!Number.isFinite(noticeMs)) continue;
      this.#network.simulation.after(noticeMs, () => end.notice(cause));
    }
  }

  /**
   * What this side sends goes nowhere, what the other sends still arrives: until the silent side, whose messages nobody
   * confirms, gives the link up at any time within `noticeWithinMs`.
   */
  silence(side: "client" | "server", cause: string, noticeWithinMs: number): void {
    if (this.#isBroken) return;
    this[side].silence();
    const noticeMs = this.#network.drawNoticeMs(noticeWithinMs);
    if (!Number.isFinite(noticeMs)) return;
    this.#network.simulation.after(noticeMs, () => this.break(cause, noticeWithinMs));
  }

  #over(): void {
    this.#isBroken = true;
    this.#network.forget(this);
  }
}

/** What one side holds of a link. */
export class LinkEnd<Out, In> {
  readonly #out: Pipe<Out>;
  readonly #in: Pipe<In>;
  readonly #over: () => void;
  #closed: ((cause: string) => void) | null = null;

  constructor(out: Pipe<Out>, incoming: Pipe<In>, over: () => void) {
    this.#out = out;
    this.#in = incoming;
    this.#over = over;
  }

  /** `closed` is called once at most, and never after this end closed the link itself. */
  listen(received: (message: In) => void, closed: (cause: string) => void): void {
    this.#closed = closed;
    this.#in.listen(received, (cause) => {
      this.#over();
      this.notice(cause);
    });
  }

  send(message: Out): void {
    this.#out.send(message);
  }

  /** What was sent still arrives, then the other end learns that the link is closed. This end hears nothing more. */
  close(cause: string): void {
    this.#closed = null;
    this.#in.cut();
    this.#out.sendClose(cause);
  }

  cut(): void {
    this.#out.cut();
    this.#in.cut();
  }

  /** Nothing more leaves. */
  silence(): void {
    this.#out.cut();
  }

  notice(cause: string): void {
    const closed = this.#closed;
    this.#closed = null;
    this.cut();
    closed?.(cause);
  }
}

/** One direction of a link: keeps order, and keeps to one event in the queue however many messages wait. */
class Pipe<T> implements Happening {
  readonly #network: Network;
  /** Lists that keep their room when they are empty: `#head` is the first that waits, `#tail` the first free place. */
  readonly #messages: (T | undefined)[] = [];
  readonly #dueMs: number[] = [];
  #head = 0;
  #tail = 0;
  #lastDueMs = 0;
  #isScheduled = false;
  #isCut = false;
  /** Sent behind all messages. */
  #closeCause: string | null = null;
  #received: (message: T) => void = ignore;
  #closed: (cause: string) => void = ignore;

  constructor(network: Network) {
    this.#network = network;
  }

  listen(received: (message: T) => void, closed: (cause: string) => void): void {
    this.#received = received;
    this.#closed = closed;
  }

  send(message: T): void {
    if (this.#isCut || this.#closeCause !== null) return;
    this.#put(message);
  }

  sendClose(cause: string): void {
    if (this.#isCut || this.#closeCause !== null) return;
    this.#closeCause = cause;
    this.#put(undefined);
  }

  cut(): void {
    this.#isCut = true;
    this.#messages.length = 0;
    this.#dueMs.length = 0;
  }

  #put(message: T | undefined): void {
    const dueMs = this.#network.simulation.nowMs + this.#network.drawLatencyMs();
    if (dueMs > this.#lastDueMs) this.#lastDueMs = dueMs;
    this.#messages[this.#tail] = message;
    this.#dueMs[this.#tail] = this.#lastDueMs;
    this.#tail += 1;
    if (!this.#isScheduled) this.#schedule();
  }

  #schedule(): void {
    this.#isScheduled = true;
    this.#network.simulation.put(this.#dueMs[this.#head] as number, this);
  }

  /** Delivers what is due. */
  run(): void {
    this.#isScheduled = false;
    const nowMs = this.#network.simulation.nowMs;
    while (!this.#isCut && this.#head < this.#tail) {
      const index = this.#head;
      if ((this.#dueMs[index] as number) > nowMs) break;
      const message = this.#messages[index];
      this.#messages[index] = undefined; // Or this list would keep it from the garbage collector.
      this.#head += 1;
      if (message === undefined) this.#closed(this.#closeCause ?? "closed");
      else this.#received(message);
    }
    if (this.#isCut) return;
    if (this.#head === this.#tail) {
      this.#head = 0;
      this.#tail = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#tail) this.#compact();
    if (!this.#isScheduled && this.#head < this.#tail) this.#schedule();
  }

  #compact(): void {
    this.#messages.splice(0, this.#head);
    this.#dueMs.splice(0, this.#head);
    this.#tail -= this.#head;
    this.#head = 0;
  }
}

/** Whether what `from` sends to `to` is lost. */
function isCut({ side, others, isOneWay }: Partition, from: string, to: string): boolean {
  const isIn = (name: string): boolean => side.includes(name);
  const isOther = (name: string): boolean =>
    others === null ? !isIn(name) : others.includes(name);
  return (isIn(from) && isOther(to)) || (!isOneWay && isIn(to) && isOther(from));
}

function ignore(): void {}
