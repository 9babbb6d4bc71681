import { ClusterError } from "@bourse/model/errors";
import type {
  OperatorCall,
  OperatorEvent,
  OperatorQuery,
  OperatorView,
  Page,
} from "@bourse/model/operator";
import type { RelayFrame, RelayRequest } from "@bourse/model/relay";
import { RUNNER_NAME, type RunnerReply, type RunnerRequest } from "@bourse/model/runner";
import { errorOfCall } from "@bourse/proto/wire/call-status";
import { MESSAGE_SIZE_OPTIONS } from "@bourse/proto/wire/channel";
import { type ClientFrame, type Method, operatorService } from "@bourse/proto/wire/services";
import * as grpc from "@grpc/grpc-js";

/** One answer of a view's kind. */
type ViewOf<Kind extends OperatorView["kind"]> = Extract<OperatorView, { kind: Kind }>;
type ListKind =
  | "agents"
  | "frameworks"
  | "offers"
  | "operations"
  | "reservations"
  | "roles"
  | "tasks"
  | "volumes";
type ListQuery<Kind extends ListKind> = OperatorQuery & {
  readonly kind: Kind;
  readonly page: Page;
};

export type EventStream = AsyncIterable<OperatorEvent> & { cancel(): void };
export type FrameStream = AsyncIterable<RelayFrame> & { cancel(): void };
export type FrameDuplex = FrameStream & { send(frame: RelayFrame): Promise<void>; end(): void };

/**
 * The operator's side of the wire. Tries the masters in order, keeps to the one that answers, and turns every
 * transport failure into a coded error that names the address and the next thing to do.
 */
export class OperatorClient {
  readonly #masters: readonly string[];
  readonly #timeoutMs: number;
  #current = 0;
  #client: grpc.Client | null = null;

  constructor(masters: readonly string[], timeoutMs: number) {
    this.#masters = masters;
    this.#timeoutMs = timeoutMs;
  }

  close(): void {
    this.#client?.close();
    this.#client = null;
  }

  async query<Kind extends OperatorView["kind"]>(
    query: OperatorQuery,
    kind: Kind,
  ): Promise<ViewOf<Kind>> {
    const view = await this.#unary(operatorService.query, query);
    if (view.kind === "refused") throw ClusterError.of(view.refusal);
    if (view.kind !== kind) {
      throw new ClusterError("internal", `the master answered ${query.kind} with ${view.kind}`);
    }
    return view as ViewOf<Kind>;
  }

  /** All pages of a list, one after the other. */
  async *pages<Kind extends ListKind>(query: ListQuery<Kind>): AsyncGenerator<ViewOf<Kind>> {
    let page: Page = query.page;
    for (;;) {
      const view = await this.query<Kind>({ ...query, page } as OperatorQuery, query.kind);
      yield view;
      const next = (view as { readonly next?: string }).next;
      if (next === undefined) return;
      page = { limit: page.limit, after: next };
    }
  }

  /** Makes a change and returns once it is durable. */
  async call(call: OperatorCall): Promise<void> {
    const reply = await this.#unary(operatorService.call, call);
    if (reply.kind === "refused") throw ClusterError.of(reply.refusal);
  }

  /** Operator events after a position; `{epoch: 0, sequence: 0}` = all that are still kept. */
  events(after: { readonly epoch: number; readonly sequence: number }): EventStream {
    const method = operatorService.events;
    const stream = this.#connected().makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      after,
      new grpc.Metadata(),
    );
    return this.#iterable(stream);
  }

  logs(request: Extract<RelayRequest, { kind: "logs" }>): FrameStream {
    const method = operatorService.logs;
    return this.#iterable(
      this.#connected().makeServerStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        new grpc.Metadata(),
      ),
    );
  }

  exec(request: Extract<RelayRequest, { kind: "exec" }>): FrameDuplex {
    return this.#duplex(operatorService.exec, { kind: "open", request });
  }

  /** One call to a framework's own service. */
  callFramework(frameworkId: string, method: string, body: Uint8Array): FrameDuplex {
    const request = { kind: "call", method, body } as const;
    return this.#duplex(operatorService.callFramework, { kind: "open", frameworkId, request });
  }

  /** Asks the runner; replies come one by one until it is done. */
  async *askRunner(request: RunnerRequest): AsyncGenerator<RunnerReply> {
    const runner = await this.#runner();
    const body = Buffer.from(JSON.stringify(request));
    const stream = this.callFramework(runner, request.kind, body);
    try {
      for await (const frame of stream) {
        if (frame.kind === "reply") {
          const reply = JSON.parse(Buffer.from(frame.body).toString("utf8")) as RunnerReply;
          if (reply.kind === "refused") throw ClusterError.of(reply.refusal);
          yield reply;
        } else if (frame.kind === "end") {
          if (frame.refusal !== undefined) throw ClusterError.of(frame.refusal);
          return;
        }
      }
    } finally {
      stream.cancel();
    }
  }

  async #runner(): Promise<string> {
    const query = { kind: "frameworks", page: { limit: 1000 }, hasCompleted: false } as const;
    for await (const page of this.pages(query)) {
      const found = page.frameworks.find(
        (framework) => framework.name === RUNNER_NAME && framework.condition === "active",
      );
      if (found !== undefined) return found.frameworkId;
    }
    throw new ClusterError(
      "not_found",
      "no runner is subscribed, so nobody owns `task run` tasks",
      {
        hint: "start one with `bourse runner`, or a whole cluster with `bourse up`",
      },
    );
  }

  async #unary<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
  ): Promise<Response> {
    let last: ClusterError | null = null;
    for (let tried = 0; tried < this.#masters.length; tried++) {
      try {
        return await this.#unaryOnce(method, request);
      } catch (thrown) {
        last = this.#errorOf(thrown);
        if (!["unreachable", "not_leader", "no_leader"].includes(last.code)) throw last;
        this.close();
        this.#current = (this.#current + 1) % this.#masters.length;
      }
    }
    throw last ?? new ClusterError("unreachable", "no master is listed");
  }

  #unaryOnce<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#connected().makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        new grpc.Metadata(),
        { deadline: Date.now() + this.#timeoutMs },
        (error, response) => {
          if (error !== null) reject(error);
          else if (response === undefined) reject(new ClusterError("internal", "an empty answer"));
          else resolve(response);
        },
      );
    });
  }

  #duplex(method: Method<ClientFrame, RelayFrame>, open: ClientFrame): FrameDuplex {
    const stream = this.#connected().makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      new grpc.Metadata(),
    );
    stream.write(open);
    const send = (frame: RelayFrame): Promise<void> =>
      new Promise((resolve) => {
        if (stream.write({ kind: "relayed", frame })) resolve();
        else stream.once("drain", resolve);
      });
    return Object.assign(this.#iterable<RelayFrame>(stream), { send, end: () => stream.end() });
  }

  #iterable<T>(
    stream: AsyncIterable<T> & { cancel(): void },
  ): AsyncIterable<T> & { cancel(): void } {
    const errorOf = (thrown: unknown): ClusterError => this.#errorOf(thrown);
    return {
      cancel: () => stream.cancel(),
      async *[Symbol.asyncIterator]() {
        try {
          for await (const item of stream) yield item;
        } catch (thrown) {
          if ((thrown as { code?: number }).code === grpc.status.CANCELLED) return;
          throw errorOf(thrown);
        }
      },
    };
  }

  #connected(): grpc.Client {
    this.#client ??= new grpc.Client(this.#address(), grpc.credentials.createInsecure(), {
      ...MESSAGE_SIZE_OPTIONS,
      "grpc.initial_reconnect_backoff_ms": 200,
      "grpc.max_reconnect_backoff_ms": 2_000,
    });
    return this.#client;
  }

  #address(): string {
    return this.#masters[this.#current] as string;
  }

  #errorOf(thrown: unknown): ClusterError {
    if (thrown instanceof ClusterError) return thrown;
    const failure = thrown as Partial<grpc.ServiceError>;
    const told = errorOfCall(failure);
    if (told !== null) return told;
    if (failure.code === grpc.status.UNAVAILABLE) {
      return new ClusterError("unreachable", `no master answers at ${this.#address()}`, {
        cause: thrown,
        hint: "is it running? Start a cluster with `bourse up`, or name a master with --master HOST:PORT",
      });
    }
    if (failure.code === grpc.status.DEADLINE_EXCEEDED) {
      return new ClusterError(
        "timeout",
        `no answer from ${this.#address()} in ${this.#timeoutMs} ms`,
        {
          cause: thrown,
          hint: "try again, or allow more with --timeout",
        },
      );
    }
    const message = failure.details ?? failure.message ?? String(thrown);
    return new ClusterError("internal", message, { cause: thrown });
  }
}
