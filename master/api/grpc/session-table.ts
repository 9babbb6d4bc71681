import type { ClusterError } from "@bourse/model/errors";
import type { SessionId } from "@bourse/model/ids";
import type { Inbox } from "../../inbox.ts";
import { Session, type SessionCall, type SessionKind } from "./session.ts";
import { statusOf } from "./status.ts";

export interface SessionTableOptions {
  readonly inbox: Inbox;
  nextNumber(): SessionId;
  onEnded(session: SessionId, error: ClusterError | null): void;
}

/** The open streams of one kind of peer, by number and by the peer's id. */
export class SessionTable<In, Out> {
  readonly #kind: SessionKind<In, Out>;
  readonly #options: SessionTableOptions;
  readonly #sessions = new Map<SessionId, Session<In, Out>>();
  readonly #byPeer = new Map<string, Session<In, Out>>();
  readonly #dirty = new Set<Session<In, Out>>();
  /** Set once the master stops: a peer that comes back on the same connection hears it again. */
  #refusal: ClusterError | null = null;

  constructor(kind: SessionKind<In, Out>, options: SessionTableOptions) {
    this.#kind = kind;
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(number: SessionId): Session<In, Out> | undefined {
    return this.#sessions.get(number);
  }

  /** The newest session on which the peer was told this id. */
  ofPeer(peer: string): Session<In, Out> | undefined {
    return this.#byPeer.get(peer);
  }

  open(call: SessionCall<In>): void {
    if (this.#refusal !== null) {
      call.on("error", () => {});
      call.resume();
      call.emit("error", statusOf(this.#refusal));
      return;
    }
    const number = this.#options.nextNumber();
    let peer: string | null = null;
    const session: Session<In, Out> = new Session(number, this.#kind, call, {
      inbox: this.#options.inbox,
      onDirty: () => this.#dirty.add(session),
      onPeer: (id) => {
        peer = id;
        this.#byPeer.set(id, session);
      },
      onEnded: (error) => {
        this.#sessions.delete(number);
        if (peer !== null && this.#byPeer.get(peer) === session) this.#byPeer.delete(peer);
        this.#options.onEnded(number, error);
      },
    });
    this.#sessions.set(number, session);
  }

  flush(isSettled: boolean): void {
    for (const session of this.#dirty) {
      if (session.flush(isSettled)) this.#dirty.delete(session);
    }
  }

  /** Ends all sessions, and from now on every new one. */
  failAll(error: ClusterError): void {
    this.#refusal = error;
    for (const session of [...this.#sessions.values()]) session.fail(error);
  }
}
