import type { AgentToMaster } from "@bourse/model/agent-messages";
import type { SessionId } from "@bourse/model/ids";
import { errorOfCall } from "@bourse/proto/wire/call-status";
import { FrameWriter } from "@bourse/proto/wire/frame-writer";
import { type AgentDownlink, agentGatewayService } from "@bourse/proto/wire/services";
import type { Client } from "@grpc/grpc-js";

export interface MasterSessionEvents {
  readonly onMessage: (message: AgentDownlink) => void;
  /** Once, whoever ended it. */
  readonly onClosed: (cause: string) => void;
}

/** Messages received without any of ours going out, after which an empty frame acknowledges them. */
const UNACKNOWLEDGED_MAX = 256;

/** One stream to a master: frames with sequence numbers in both directions (DESIGN section 2). */
export class MasterSession {
  readonly id: SessionId;
  readonly client: Client;
  readonly #events: MasterSessionEvents;
  readonly #stream: ReturnType<typeof openStream>;
  readonly #writer: FrameWriter<AgentToMaster>;
  #sentCount = 0;
  #received = 0;
  #acknowledged = 0;
  #isClosed = false;

  constructor(id: SessionId, client: Client, events: MasterSessionEvents) {
    this.id = id;
    this.client = client;
    this.#events = events;
    this.#stream = openStream(client);
    this.#writer = new FrameWriter({
      write: (messages, onTaken) => this.#write(messages, onTaken),
      sizeOf,
      onOverflow: () => this.close("stream overflow"),
    });
    this.#stream.on("data", (frame) => {
      this.#received = frame.sequence;
      for (const message of frame.messages) {
        if (this.#isClosed) return; // Over the message before, or while this one was on its way.
        this.#events.onMessage(message);
      }
      if (this.#received - this.#acknowledged >= UNACKNOWLEDGED_MAX) this.#write([], () => {});
    });
    this.#stream.on("error", (error) => this.close((errorOfCall(error) ?? error).message));
    this.#stream.on("end", () => this.close("the master closed the stream"));
  }

  send(message: AgentToMaster): void {
    this.#writer.push(message);
  }

  /** Stops reading while the agent cannot keep up; HTTP/2 tells the master. */
  setPaused(isPaused: boolean): void {
    if (isPaused) this.#stream.pause();
    else this.#stream.resume();
  }

  close(cause: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#writer.close();
    this.#stream.cancel();
    this.client.close(); // Relays that are under way go on.
    this.#events.onClosed(cause);
  }

  #write(messages: readonly AgentToMaster[], onTaken: () => void): void {
    if (this.#isClosed) return;
    this.#sentCount += messages.length;
    this.#acknowledged = this.#received;
    const frame = { messages, sequence: this.#sentCount, acknowledged: this.#received };
    this.#stream.write(frame, onTaken);
  }
}

function openStream(client: Client) {
  const { path, requestSerialize, responseDeserialize } = agentGatewayService.session;
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
}

/** Near enough: ids and names have some 200 bytes, all else that can be large is counted. */
function sizeOf(message: AgentToMaster): number {
  switch (message.kind) {
    case "update":
      return 300 + (message.update.status.payload?.length ?? 0);
    case "reregister":
      return message.tasks.reduce(
        (bytes, { task, latest }) =>
          bytes + 500 + task.payload.length + (latest.payload?.length ?? 0),
        1_000,
      );
    case "message":
      return 200 + message.data.length;
    default:
      return 200;
  }
}
