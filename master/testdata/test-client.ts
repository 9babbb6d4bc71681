import type { AgentToMaster } from "@bourse/model/agent-messages";
import type {
  OperatorCall,
  OperatorEvent,
  OperatorQuery,
  OperatorReply,
  OperatorView,
} from "@bourse/model/operator";
import type { RelayFrame, RelayRequest } from "@bourse/model/relay";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { errorOfCall } from "@bourse/proto/wire/call-status";
import { MESSAGE_SIZE_OPTIONS } from "@bourse/proto/wire/channel";
import type { Method } from "@bourse/proto/wire/method";
import {
  type AgentDownlink,
  agentGatewayService,
  type ClientFrame,
  type EventsRequest,
  type Frame,
  type FrameworkDownlink,
  operatorService,
  relayService,
  schedulerService,
} from "@bourse/proto/wire/services";
import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";

/** How long a test waits for what must come. */
const PATIENCE_MS = 3_000;

/** A client of every service, for tests: it keeps what came, and lets the test wait for it. */
export class TestClient {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), MESSAGE_SIZE_OPTIONS);
  }

  close(): void {
    this.#client.close();
  }

  framework(): TestSession<FrameworkCall, FrameworkDownlink> {
    return new TestSession(this.#bidi(schedulerService.session));
  }

  agent(): TestSession<AgentToMaster, AgentDownlink> {
    return new TestSession(this.#bidi(agentGatewayService.session));
  }

  relay(): TestStream<RelayFrame, RelayFrame> {
    return new TestStream(this.#bidi(relayService.attach));
  }

  exec(): TestStream<ClientFrame, RelayFrame> {
    return new TestStream(this.#bidi(operatorService.exec));
  }

  callFramework(): TestStream<ClientFrame, RelayFrame> {
    return new TestStream(this.#bidi(operatorService.callFramework));
  }

  logs(request: RelayRequest): TestStream<never, RelayFrame> {
    return new TestStream(this.#reading(operatorService.logs, request));
  }

  events(position: EventsRequest): TestStream<never, OperatorEvent> {
    return new TestStream(this.#reading(operatorService.events, position));
  }

  query(query: OperatorQuery): Promise<OperatorView> {
    return this.#unary(operatorService.query, query);
  }

  call(call: OperatorCall): Promise<OperatorReply> {
    return this.#unary(operatorService.call, call);
  }

  #bidi<In, Out>(method: Method<In, Out>): ClientDuplexStream<In, Out> {
    const { path, requestSerialize, responseDeserialize } = method;
    return this.#client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      new Metadata(),
    );
  }

  #reading<In, Out>(method: Method<In, Out>, request: In): ClientReadableStream<Out> {
    const { path, requestSerialize, responseDeserialize } = method;
    return this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
    );
  }

  #unary<In, Out>(method: Method<In, Out>, request: In): Promise<Out> {
    const { path, requestSerialize, responseDeserialize } = method;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        (error, response) => {
          if (error !== null) reject(error);
          else resolve(response as Out);
        },
      );
    });
  }
}

/** One stream and what came of it. */
export class TestStream<In, Out> {
  readonly stream: ClientReadableStream<Out> | ClientDuplexStream<In, Out>;
  readonly received: Out[] = [];
  ended: "clean" | ServiceError | null = null;

  constructor(stream: ClientReadableStream<Out> | ClientDuplexStream<In, Out>) {
    this.stream = stream;
    stream.on("data", (item: Out) => this.received.push(item));
    stream.on("end", () => {
      this.ended ??= "clean";
    });
    stream.on("error", (error: ServiceError) => {
      this.ended = error;
    });
  }

  write(item: In): void {
    (this.stream as ClientDuplexStream<In, Out>).write(item);
  }

  /** The first item that fits, from `received` on. */
  async next<Found extends Out>(fits: (item: Out) => item is Found): Promise<Found> {
    let found: Found | undefined;
    await until(
      () => {
        found = this.received.find(fits);
        return found !== undefined;
      },
      () => `received ${JSON.stringify(this.received)}, ended ${String(this.ended)}`,
    );
    return found as Found;
  }

  /** `clean`, or code and message of the status. */
  async end(): Promise<string> {
    await until(() => this.ended !== null);
    if (this.ended === "clean" || this.ended === null) return "clean";
    return `${errorOfCall(this.ended)?.code ?? this.ended.code}: ${this.ended.details}`;
  }
}

/** A stream of frames: numbers what it sends, and unpacks what comes. */
export class TestSession<In, Out> extends TestStream<Frame<In>, Frame<Out>> {
  #sequence = 0;

  send(...messages: In[]): void {
    this.#sequence += messages.length;
    this.write({ messages, sequence: this.#sequence, acknowledged: 0 });
  }

  get messages(): Out[] {
    return this.received.flatMap((frame) => frame.messages);
  }

  async message<Kind extends string>(kind: Kind): Promise<Extract<Out, { kind: Kind }>> {
    let found: Out | undefined;
    await until(
      () => {
        found = this.messages.find((message) => (message as { kind: string }).kind === kind);
        return found !== undefined;
      },
      () =>
        `wanted ${kind}, received ${JSON.stringify(this.messages)}, ended ${String(this.ended)}`,
    );
    return found as Extract<Out, { kind: Kind }>;
  }
}

export async function until(condition: () => boolean, describe?: () => string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited in vain; ${describe?.() ?? ""}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
