import { randomBytes } from "node:crypto";
import { ClusterError } from "@bourse/model/errors";
import type { OpenRelay, RelayFrame, RelayRequest } from "@bourse/model/relay";
import { type Inbound, isMalformed } from "@bourse/proto/wire/method";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { statusOf } from "./status.ts";
import { type Sink, StreamPipe } from "./stream-pipe.ts";

/** The client's side of a relay: where frames for it go, and where frames from it come from. */
export interface RelayClient {
  readonly sink: Sink<RelayFrame>;
  /** Starts handing over the client's frames; until then they wait in its stream. Null: it sends none. */
  readonly frames: FrameSource | null;
  /** Calls back when the client is gone. */
  onGone(callback: () => void): void;
}

export interface FrameSource {
  onFrame(callback: (frame: RelayFrame) => void): void;
  pause(): void;
  resume(): void;
}

/** The control stream of whom the client wants to reach. */
export interface RelayTarget {
  /** For errors: `agent a1`, `framework f1`. */
  readonly name: string;
  send(request: OpenRelay): void;
}

export type RelayCall = ServerDuplexStream<Inbound<RelayFrame>, RelayFrame>;

/** How long the other side may take to open its stream. */
export const ATTACH_MS_MAX = 10_000;

interface Pending {
  readonly target: RelayTarget;
  readonly timer: NodeJS.Timeout;
  attach(call: RelayCall): void;
  fail(error: ClusterError): void;
}

/**
 * Joins a client's stream with one that an agent or framework opens for it (FEATURES N-18, DESIGN D10): asks for
 * it over the control stream with a token that nobody can guess and that works once, then hands frames across,
 * both ways, as fast as the slower side reads. When either side breaks, the other hears of it.
 */
export class Relays {
  readonly #attachMsMax: number;
  readonly #pending = new Map<string, Pending>();
  #open = 0;

  constructor(attachMsMax: number = ATTACH_MS_MAX) {
    this.#attachMsMax = attachMsMax;
  }

  /** Relays that are attached. */
  get size(): number {
    return this.#open;
  }

  open(target: RelayTarget, request: RelayRequest, client: RelayClient): void {
    const token = randomBytes(16).toString("hex");
    const end = (): void => {
      clearTimeout(pending.timer);
      this.#pending.delete(token);
    };
    const pending: Pending = {
      target,
      timer: setTimeout(() => pending.fail(late(target, this.#attachMsMax)), this.#attachMsMax),
      attach: (call) => {
        end();
        this.#join(target, client, call);
      },
      fail: (error) => {
        end();
        client.sink.fail(error);
      },
    };
    this.#pending.set(token, pending);
    client.onGone(() => {
      if (this.#pending.get(token) === pending) end();
    });
    target.send({ token, request });
  }

  /** The stream of an agent or framework; its first frame says which relay it is for. */
  accept(call: RelayCall): void {
    const timer = setTimeout(() => {
      refuse(call, new ClusterError("timeout", "open a relay: no attach frame came"));
    }, this.#attachMsMax);
    call.once("close", () => clearTimeout(timer));
    call.on("error", () => {});
    call.once("data", (frame: Inbound<RelayFrame>) => {
      clearTimeout(timer);
      call.pause();
      if (isMalformed(frame)) return refuse(call, frame);
      if (frame.kind !== "attach") {
        return refuse(
          call,
          new ClusterError("invalid_call", "open a relay: the first frame is no attach"),
        );
      }
      const pending = this.#pending.get(frame.token);
      if (pending === undefined) {
        return refuse(
          call,
          new ClusterError("not_found", "open a relay: its token is unknown or used"),
        );
      }
      pending.attach(call);
    });
  }

  /** A control stream is gone: nobody will open what it was asked for. */
  targetGone(target: RelayTarget): void {
    for (const pending of [...this.#pending.values()]) {
      if (pending.target === target) pending.fail(gone(target));
    }
  }

  #join(target: RelayTarget, client: RelayClient, call: RelayCall): void {
    this.#open++;
    let isOver = false;
    const over = (end: () => void): void => {
      if (isOver) return;
      isOver = true;
      this.#open--;
      end();
    };
    const outward = new StreamPipe(client.sink, call);
    call.on("data", (frame: Inbound<RelayFrame>) => {
      if (isOver) return;
      if (isMalformed(frame)) {
        over(() => {
          refuse(call, frame);
          client.sink.fail(broken(target));
        });
      } else {
        outward.write(frame);
        if (frame.kind === "end") {
          over(() => {
            client.sink.end();
            call.end();
          });
        }
      }
    });
    const onBroken = (): void =>
      over(() => {
        client.sink.fail(broken(target));
        call.end();
      });
    call.on("end", onBroken);
    call.on("cancelled", onBroken);
    client.onGone(() =>
      over(() => refuse(call, new ClusterError("unreachable", "the client is gone"))),
    );
    if (client.frames !== null) {
      const inward = new StreamPipe<RelayFrame>(sinkOf(call), client.frames);
      client.frames.onFrame((frame) => {
        if (!isOver) inward.write(frame);
      });
      client.frames.resume();
    }
    call.resume();
  }
}

function sinkOf(call: RelayCall): Sink<RelayFrame> {
  return {
    write: (frame) => call.write(frame),
    onDrain: (callback) => void call.once("drain", callback),
    end: () => call.end(),
    fail: (error) => refuse(call, error),
  };
}

function refuse(call: RelayCall, error: ClusterError): void {
  call.resume();
  call.emit("error", statusOf(error));
}

function late(target: RelayTarget, waitedMs: number): ClusterError {
  return new ClusterError("timeout", `${target.name} did not answer within ${waitedMs / 1000} s`, {
    hint: "try again; if it stays so, look at its log",
  });
}

function gone(target: RelayTarget): ClusterError {
  return new ClusterError("unreachable", `${target.name} lost its connection to the master`, {
    hint: "try again when it is back; `bourse agent ls` and `bourse framework ls` show it",
  });
}

function broken(target: RelayTarget): ClusterError {
  return new ClusterError("unreachable", `${target.name} broke off the stream`, {
    hint: "try again; if it stays so, look at its log",
  });
}
