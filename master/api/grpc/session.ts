import type { ClusterInput } from "@bourse/cluster/inputs";
import { ClusterError } from "@bourse/model/errors";
import type { SessionId } from "@bourse/model/ids";
import { encode, type MessageCodec } from "@bourse/proto/wire/codec";
import type { Frame } from "@bourse/proto/wire/frame";
import { FrameQueue, OUTBOUND_BYTES_MAX } from "@bourse/proto/wire/frame-writer";
import { type Inbound, isMalformed } from "@bourse/proto/wire/method";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { Inbox, InboxSource } from "../../inbox.ts";
import { statusOf } from "./status.ts";

/** What differs between the streams of frameworks and those of agents. */
export interface SessionKind<In, Out> {
  readonly name: "framework" | "agent";
  readonly message: MessageCodec<Out>;
  pack(frame: Frame<Uint8Array>): Uint8Array;
  toInput(session: SessionId, message: In): ClusterInput;
  toClosed(session: SessionId, cause: string): ClusterInput;
  /** The peer's id, when this message tells it to the peer. */
  peerOf(message: Out): string | null;
}

/** A frame as it came, with what it weighs. Frames go out already encoded. */
export interface FrameIn<In> {
  readonly frame: Inbound<Frame<In>>;
  readonly bytes: number;
}
export type SessionCall<In> = ServerDuplexStream<FrameIn<In>, Buffer>;

export interface SessionOwner {
  readonly inbox: Inbox;
  /** Something waits to be written or acknowledged at the end of the turn. */
  onDirty(): void;
  /** The peer is told its id. */
  onPeer(peer: string): void;
  /** Over, for whatever reason; called once. */
  onEnded(error: ClusterError | null): void;
}

/** Messages dealt with after which the peer hears of it even when there is nothing else to say. */
const ACKNOWLEDGE_EVERY = 256;

/**
 * One stream of a framework or agent. Inward: frames in sequence, unpacked into the inbox, which decides when to
 * read on. Outward: messages gather until the end of a turn, or while a write has not drained, and go out in
 * frames. Whatever breaks the stream becomes exactly one input, unless the core closed it.
 */
export class Session<In, Out> {
  readonly number: SessionId;
  readonly kind: SessionKind<In, Out>;
  readonly #call: SessionCall<In>;
  readonly #owner: SessionOwner;
  readonly #source: InboxSource;
  /** Of the newest message of the peer; what the core dealt with; what the peer was told about that. */
  #received = 0;
  #settled = 0;
  #acknowledged = 0;
  #sent = 0;
  readonly #gathered = new FrameQueue<Uint8Array>((message) => message.length);
  /** Of the frame under way; 0 = none. */
  #writingBytes = 0;
  /** `closing`: what gathered still goes out. */
  #state: "open" | "closing" | "ended" = "open";

  constructor(
    number: SessionId,
    kind: SessionKind<In, Out>,
    call: SessionCall<In>,
    owner: SessionOwner,
  ) {
    this.number = number;
    this.kind = kind;
    this.#call = call;
    this.#owner = owner;
    this.#source = owner.inbox.open({ pause: () => call.pause(), resume: () => call.resume() });
    call.on("data", (received: FrameIn<In>) => this.#receive(received));
    call.on("end", () => this.#onBroken(`the ${kind.name} closed the stream`));
    call.on("cancelled", () => this.#onBroken("the connection broke"));
    call.on("error", (error) => this.#onBroken(error.message));
  }

  send(message: Out): void {
    if (this.#state !== "open") return;
    const bytes = this.#encoded(message);
    if (bytes === null) return;
    const peer = this.kind.peerOf(message);
    if (peer !== null) this.#owner.onPeer(peer);
    if (this.#gathered.isEmpty) this.#owner.onDirty();
    this.#gathered.push(bytes);
    if (this.#gathered.bytes + this.#writingBytes > OUTBOUND_BYTES_MAX) {
      this.fail(new ClusterError("stream_overflow", "stream overflow"));
    }
  }

  /**
   * Writes what gathered. `isSettled`: all that was taken from the inbox so far is dealt with, durably. Returns
   * whether nothing is left to do before the next message, either way.
   */
  flush(isSettled: boolean): boolean {
    if (isSettled) this.#settled = this.#source.taken;
    if (this.#state === "ended") return true;
    if (this.#writingBytes === 0) this.#writeNext();
    return this.#settled === this.#received;
  }

  /** By the core: it already counts the session as closed. What gathered still goes out. */
  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#source.close();
    this.#owner.onDirty();
  }

  /** By the shell: tells the peer why, and the core that the session is over. */
  fail(error: ClusterError): void {
    this.#over(error.message, error);
  }

  /** A message that has no bytes is a bug; it costs this peer its stream, not the others theirs. */
  #encoded(message: Out): Uint8Array | null {
    try {
      return encode(this.kind.message, message);
    } catch (cause) {
      this.fail(
        new ClusterError("internal", "a message for this stream cannot be encoded", { cause }),
      );
      return null;
    }
  }

  #receive({ frame, bytes }: FrameIn<In>): void {
    if (this.#state !== "open") return;
    if (isMalformed(frame)) {
      this.fail(frame);
      return;
    }
    const expected = this.#received + frame.messages.length;
    if (frame.sequence !== expected) {
      this.fail(broken(`frame ends at sequence ${frame.sequence} where ${expected} was due`));
    } else if (frame.acknowledged > this.#sent) {
      this.fail(broken(`frame acknowledges ${frame.acknowledged} of ${this.#sent} messages`));
    } else if (frame.messages.length > 0) {
      this.#received = expected;
      const bytesEach = bytes / frame.messages.length;
      for (const message of frame.messages) {
        const input = this.kind.toInput(this.number, message);
        this.#source.push({ kind: "input", input }, bytesEach);
      }
      this.#owner.onDirty();
    }
  }

  #writeNext(): void {
    const isDue = this.#settled - this.#acknowledged >= ACKNOWLEDGE_EVERY;
    if (!this.#gathered.isEmpty || (isDue && this.#state === "open")) this.#write();
    else if (this.#state === "closing") this.#end(null);
  }

  #write(): void {
    const messages = this.#gathered.takeFrame();
    this.#sent += messages.length;
    this.#acknowledged = this.#settled;
    const frame = { messages, sequence: this.#sent, acknowledged: this.#acknowledged };
    const packed = this.kind.pack(frame);
    this.#writingBytes = packed.length;
    this.#call.write(Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength), () => {
      this.#writingBytes = 0;
      if (this.#state !== "ended") this.#writeNext();
    });
  }

  #onBroken(cause: string): void {
    if (this.#state === "closing") this.#end(null);
    else this.#over(cause, null);
  }

  #over(cause: string, error: ClusterError | null): void {
    if (this.#state !== "open") return;
    this.#source.push({ kind: "input", input: this.kind.toClosed(this.number, cause) });
    this.#source.close();
    this.#end(error);
  }

  #end(error: ClusterError | null): void {
    this.#state = "ended";
    this.#gathered.clear();
    this.#call.resume(); // What still comes is dropped; unread, it would hold up the connection's window.
    if (error === null) this.#call.end();
    else this.#call.emit("error", statusOf(error));
    this.#owner.onEnded(error);
  }
}

function broken(message: string): ClusterError {
  return new ClusterError("invalid_call", message);
}
