import type { Refusal } from "@bourse/model/errors";
import type { OpenRelay, RelayFrame } from "@bourse/model/relay";
import { relayService } from "@bourse/proto/wire/services";
import type { Client } from "@grpc/grpc-js";

/** A call from an operator to this framework's own service; the bytes are the framework's business. */
export interface ServiceCall {
  readonly method: string;
  readonly body: Uint8Array;
  /** Sends one of perhaps many replies. */
  reply(body: Uint8Array): void;
  /** Ends the call, with the reason if it was refused. Nothing can be sent after. */
  end(refusal?: Refusal): void;
  /** The caller has gone; not called after `end`. */
  onClosed(listener: () => void): void;
}

export type ServiceHandler = (call: ServiceCall) => void;

/** Opens the stream back to the master that a relayed call asks for, and hands the call to its handler. */
export function serveRelay(client: Client, relay: OpenRelay, handler: ServiceHandler | null): void {
  const { path, requestSerialize, responseDeserialize } = relayService.attach;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  let isOver = false;
  const listeners: (() => void)[] = [];
  const write = (frame: RelayFrame): void => {
    if (!isOver) stream.write(frame);
  };
  const closed = (): void => {
    if (isOver) return;
    isOver = true;
    for (const listener of listeners) listener();
  };
  stream.on("error", closed);
  stream.on("end", closed);
  stream.resume();
  write({ kind: "attach", token: relay.token });
  const end = (refusal?: Refusal): void => {
    if (isOver) return;
    write(refusal === undefined ? { kind: "end" } : { kind: "end", refusal });
    isOver = true;
    stream.end();
  };
  if (relay.request.kind !== "call" || handler === null) {
    end({
      code: "unsupported",
      message:
        relay.request.kind === "call"
          ? `this framework answers no calls, ${JSON.stringify(relay.request.method)} was asked`
          : `a framework has no ${relay.request.kind}; ask for those of its tasks`,
    });
    return;
  }
  handler({
    method: relay.request.method,
    body: relay.request.body,
    reply: (body) => write({ kind: "reply", body }),
    end,
    onClosed: (listener) => listeners.push(listener),
  });
}
