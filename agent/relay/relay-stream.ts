import type { RelayFrame } from "@bourse/model/relay";
import { relayService } from "@bourse/proto/wire/services";
import type { Client } from "@grpc/grpc-js";
import type { RelayPeer } from "./serve-relay.ts";

/** One relay's stream to the master, which pipes it to the client of an operator. */
export class RelayStream implements RelayPeer {
  readonly #stream: ReturnType<typeof openStream>;
  #onFrame: (frame: RelayFrame) => void = () => {};
  readonly #over = new AbortController();

  constructor(client: Client) {
    this.#stream = openStream(client);
    this.#stream.on("data", (frame) => this.#onFrame(frame));
    this.#stream.on("error", () => this.#over.abort());
    this.#stream.on("end", () => this.#over.abort());
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  onFrame(listener: (frame: RelayFrame) => void): void {
    this.#onFrame = listener;
  }

  write(frame: RelayFrame): Promise<void> {
    if (this.over.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.over.removeEventListener("abort", done);
        resolve();
      };
      this.over.addEventListener("abort", done);
      this.#stream.write(frame, done);
    });
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  end(): void {
    this.#stream.end();
  }
}

function openStream(client: Client) {
  const { path, requestSerialize, responseDeserialize } = relayService.attach;
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
}
