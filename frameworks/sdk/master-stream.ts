import { launchedTasks } from "@bourse/model/offer";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { errorOfCall } from "@bourse/proto/wire/call-status";
import { FrameWriter } from "@bourse/proto/wire/frame-writer";
import { type FrameworkDownlink, schedulerService } from "@bourse/proto/wire/services";
import type { Client } from "@grpc/grpc-js";

export interface MasterStreamEvents {
  onEvent(event: FrameworkDownlink): void;
  /** Once, unless this side closed it. */
  onDown(cause: string): void;
}

/** Events received with no call going out, after which an empty frame acknowledges them. */
const UNACKNOWLEDGED_MAX = 256;

/** How long the last calls may take to leave when the stream is closed. */
const CLOSE_MS = 1_000;

/** One session's stream to a master: frames with sequence numbers both ways (DESIGN section 2). Owns the client. */
export class MasterStream {
  readonly client: Client;
  readonly #events: MasterStreamEvents;
  readonly #stream: ReturnType<typeof openStream>;
  readonly #writer: FrameWriter<FrameworkCall>;
  #sent = 0;
  #received = 0;
  #acknowledged = 0;
  #isClosed = false;

  constructor(client: Client, events: MasterStreamEvents) {
    this.client = client;
    this.#events = events;
    this.#stream = openStream(client);
    this.#writer = new FrameWriter({
      write: (messages, onTaken) => this.#write(messages, onTaken),
      sizeOf,
      onOverflow: () => this.#down("stream overflow: the master does not read"),
    });
    this.#stream.on("data", (frame) => {
      if (this.#isClosed) return;
      this.#received = frame.sequence;
      for (const event of frame.messages) {
        if (this.#isClosed) return; // Over the event before.
        this.#events.onEvent(event);
      }
      if (this.#received - this.#acknowledged >= UNACKNOWLEDGED_MAX) this.#write([], () => {});
    });
    this.#stream.on("error", (error) => this.#down((errorOfCall(error) ?? error).message));
    this.#stream.on("end", () => this.#down("the master closed the stream"));
  }

  send(call: FrameworkCall): void {
    this.#writer.push(call);
  }

  /** What was sent before still leaves; nothing is heard any more. Relays under way go on. */
  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#stream.cancel(), CLOSE_MS);
      timer.unref();
      const done = (): void => {
        clearTimeout(timer);
        this.client.close();
        resolve();
      };
      this.#stream.once("end", done);
      this.#stream.once("error", done);
      this.#stream.resume();
      this.#writer.finish(() => this.#stream.end());
    });
  }

  #down(cause: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#writer.close();
    this.#stream.cancel();
    this.client.close();
    this.#events.onDown(cause);
  }

  #write(messages: readonly FrameworkCall[], onTaken: () => void): void {
    this.#sent += messages.length;
    this.#acknowledged = this.#received;
    this.#stream.write({ messages, sequence: this.#sent, acknowledged: this.#received }, onTaken);
  }
}

function openStream(client: Client) {
  const { path, requestSerialize, responseDeserialize } = schedulerService.session;
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
}

/** Near enough: ids and names have some 100 bytes, all else that can be large is counted. */
function sizeOf(call: FrameworkCall): number {
  switch (call.kind) {
    case "accept": {
      let bytes = 200 + call.offerIds.length * 60 + call.operations.length * 1_000;
      for (const task of launchedTasks(call.operations)) bytes += 400 + task.payload.length;
      return bytes;
    }
    case "decline":
      return 200 + call.offerIds.length * 60;
    case "reconcile":
      return 50 + call.tasks.length * 150;
    case "message":
      return 200 + call.data.length;
    default:
      return 200;
  }
}
