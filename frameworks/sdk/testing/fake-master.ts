import { ClusterError } from "@bourse/model/errors";
import type { RelayFrame } from "@bourse/model/relay";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { MESSAGE_SIZE_OPTIONS } from "@bourse/proto/wire/channel";
import {
  type Frame,
  type FrameworkDownlink,
  isMalformed,
  relayService,
  schedulerService,
} from "@bourse/proto/wire/services";
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type UntypedHandleCall,
} from "@grpc/grpc-js";

type SessionStream = ServerDuplexStream<Frame<FrameworkCall>, Frame<FrameworkDownlink>>;

/** The wire of a master with a test in its place: real sockets and messages, no decisions. */
export class FakeMaster {
  readonly calls: FrameworkCall[] = [];
  readonly relayed: RelayFrame[] = [];
  /** Of frames received: how many calls each carried. */
  readonly frameSizes: number[] = [];
  readonly #server = new Server(MESSAGE_SIZE_OPTIONS);
  readonly #streams = new Set<SessionStream>();
  #waiting: (() => void)[] = [];
  #sequence = 0;
  sessionCount = 0;
  address = "";
  /** The answer to `subscribe`; null = silence. */
  onSubscribe: (call: Extract<FrameworkCall, { kind: "subscribe" }>) => FrameworkDownlink | null =
    () => ({
      kind: "subscribed",
      frameworkId: "f1",
      masterId: "m1",
      epoch: 1,
      heartbeatIntervalMs: 15_000,
    });

  constructor() {
    const session = (stream: SessionStream) => this.#session(stream);
    const attach = (stream: ServerDuplexStream<RelayFrame, RelayFrame>) => {
      stream.on("data", (frame) => {
        this.relayed.push(frame);
        this.#wake();
      });
      stream.on("end", () => stream.end());
      stream.on("error", () => {});
    };
    // grpc-js' typings have no union of request and refusal; the handlers look themselves.
    this.#server.addService(schedulerService, { session: session as unknown as UntypedHandleCall });
    this.#server.addService(relayService, { attach: attach as unknown as UntypedHandleCall });
  }

  start(port = 0): Promise<this> {
    return new Promise((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      this.#server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
        if (error !== null) reject(error);
        this.address = `127.0.0.1:${bound}`;
        resolve(this);
      });
    });
  }

  send(...events: readonly FrameworkDownlink[]): void {
    this.#sequence += events.length;
    for (const stream of this.#streams)
      stream.write({ messages: events, sequence: this.#sequence, acknowledged: 0 });
  }

  /** Ends all sessions, as a master does that steps down. */
  dropSessions(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  /** Waits until a call of that kind has come, and takes it and all before it. */
  async next<Kind extends FrameworkCall["kind"]>(
    kind: Kind,
  ): Promise<Extract<FrameworkCall, { kind: Kind }>> {
    await this.until(() => this.calls.some((call) => call.kind === kind));
    const at = this.calls.findIndex((call) => call.kind === kind);
    return this.calls.splice(0, at + 1).at(-1) as Extract<FrameworkCall, { kind: Kind }>;
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #session(stream: SessionStream): void {
    this.sessionCount += 1;
    this.#streams.add(stream);
    stream.on("data", (frame) => {
      if (isMalformed<Frame<FrameworkCall>>(frame)) throw ClusterError.from(frame);
      this.frameSizes.push(frame.messages.length);
      for (const call of frame.messages) {
        this.calls.push(call);
        if (call.kind !== "subscribe") continue;
        const answer = this.onSubscribe(call);
        if (answer !== null) this.send(answer);
      }
      this.#wake();
    });
    stream.on("end", () => {
      this.#streams.delete(stream);
      stream.end();
      this.#wake();
    });
    stream.on("error", () => this.#streams.delete(stream));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
