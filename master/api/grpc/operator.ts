import { ClusterError } from "@bourse/model/errors";
import type { AgentId, RequestId, TaskId } from "@bourse/model/ids";
import type {
  OperatorCall,
  OperatorEvent,
  OperatorQuery,
  OperatorReply,
  OperatorView,
  TaskView,
} from "@bourse/model/operator";
import type { RelayFrame, RelayRequest } from "@bourse/model/relay";
import { type Inbound, isMalformed } from "@bourse/proto/wire/method";
import type { ClientFrame, EventsRequest } from "@bourse/proto/wire/services";
import type {
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from "@grpc/grpc-js";
import type { Clock } from "../../clock.ts";
import type { Inbox, InboxSource } from "../../inbox.ts";
import type { EventRing } from "../event-ring.ts";
import type { RelayClient, Relays, RelayTarget } from "./relays.ts";
import { statusOf } from "./status.ts";

export interface OperatorOptions {
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly events: EventRing;
  readonly relays: Relays;
  /** The control stream of an agent or framework, when it has one. */
  targetOf(kind: "agent" | "framework", id: string): RelayTarget | undefined;
}

/** FEATURES C-2: at most 1,000 rows a page. */
const PAGE_MAX = 1_000;

/** Requests that may wait; more are refused, because a unary call cannot be made to wait. */
const WAITING_MAX = 1_000;

/** FEATURES M-76: the oldest subscriber goes when there are more. */
const SUBSCRIBERS_MAX = 1_000;

/** Events that one write of a subscriber may take from the ring. */
const EVENTS_PER_WRITE = 64;

type Unary<In, Out> = ServerUnaryCall<Inbound<In>, Out>;
type EventsCall = ServerWritableStream<Inbound<EventsRequest>, OperatorEvent>;
type LogsCall = ServerWritableStream<Inbound<RelayRequest>, RelayFrame>;
type ClientCall = ServerDuplexStream<Inbound<ClientFrame>, RelayFrame>;

/**
 * The operator's side of the API: questions and changes go through the inbox and are answered through the FIFO,
 * events are read from the ring as fast as the subscriber takes them, streams are handed to the relays.
 */
export class OperatorApi {
  readonly #options: OperatorOptions;
  readonly #source: InboxSource;
  readonly #replies = new Map<RequestId, (reply: OperatorReply) => void>();
  readonly #subscribers = new Set<EventsCall>();
  #nextRequest = 1;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#source = options.inbox.open();
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** Answers through the FIFO: what the view rests on is durable. */
  view(query: OperatorQuery): Promise<OperatorView> {
    return new Promise((resolve) => {
      this.#source.push({ kind: "query", query, answer: resolve });
    });
  }

  reply(request: RequestId, reply: OperatorReply): void {
    this.#replies.get(request)?.(reply);
    this.#replies.delete(request);
  }

  readonly query = (
    call: Unary<OperatorQuery, OperatorView>,
    done: sendUnaryData<OperatorView>,
  ): void => {
    const query = call.request;
    const refusal = isMalformed(query) ? query : (this.#refusalOf() ?? pageRefusal(query));
    if (refusal !== null) done(statusOf(refusal));
    else
      this.#source.push({
        kind: "query",
        query: query as OperatorQuery,
        answer: (view) => done(null, view),
      });
  };

  readonly call = (
    call: Unary<OperatorCall, OperatorReply>,
    done: sendUnaryData<OperatorReply>,
  ): void => {
    const request = call.request;
    const refusal = isMalformed(request) ? request : this.#refusalOf();
    if (refusal !== null) {
      done(statusOf(refusal));
      return;
    }
    const number = this.#nextRequest++;
    this.#replies.set(number, (reply) => done(null, reply));
    const input = {
      principal: null,
      kind: "operator-call",
      request: number,
      call: request,
    } as const;
    this.#source.push({ kind: "input", input: input as never });
  };

  readonly events = (call: EventsCall): void => {
    const position = call.request;
    call.on("error", () => {});
    if (isMalformed(position)) {
      call.emit("error", statusOf(position));
      return;
    }
    this.#subscribers.add(call);
    if (this.#subscribers.size > SUBSCRIBERS_MAX) {
      const [oldest] = this.#subscribers;
      this.#subscribers.delete(oldest as EventsCall);
      oldest?.emit(
        "error",
        statusOf(new ClusterError("stream_overflow", "too many event streams: the oldest goes")),
      );
    }
    this.#stream(call, position);
  };

  readonly logs = (call: LogsCall): void => {
    call.on("error", () => {});
    const request = call.request;
    if (isMalformed(request)) call.emit("error", statusOf(request));
    else if (request.kind !== "logs") call.emit("error", statusOf(misplaced(request.kind, "Logs")));
    else void this.#relay(request, null, writableClient(call));
  };

  readonly exec = (call: ClientCall): void => this.#duplex(call, "exec");
  readonly callFramework = (call: ClientCall): void => this.#duplex(call, "call");

  endAll(error: ClusterError): void {
    for (const call of this.#subscribers) call.emit("error", statusOf(error));
    this.#subscribers.clear();
  }

  #refusalOf(): ClusterError | null {
    if (this.#source.length < WAITING_MAX) return null;
    return new ClusterError("stream_overflow", `${WAITING_MAX} operator requests wait already`, {
      hint: "try again in a moment",
    });
  }

  /** Writes what the ring has, as long as the subscriber takes it; then waits for either. */
  #stream(call: EventsCall, position: EventsRequest): void {
    const { events, clock } = this.#options;
    let { after, gap } = events.begin(position, clock.now().wallMs);
    let stopWaiting = (): void => {};
    const isOpen = (): boolean => this.#subscribers.has(call) && !call.cancelled;
    const advance = (): void => {
      while (isOpen()) {
        const batch: readonly OperatorEvent[] | null =
          gap === null ? events.after(after, EVENTS_PER_WRITE) : [gap];
        if (batch === null) {
          gap = events.gapAfter(after, clock.now().wallMs);
          continue;
        }
        gap = null;
        if (batch.length === 0) {
          stopWaiting = events.wait(() => setImmediate(advance));
          return;
        }
        after = (batch.at(-1) as OperatorEvent).sequence;
        let hasRoom = true;
        for (const event of batch) hasRoom = call.write(event);
        if (!hasRoom) {
          call.once("drain", advance);
          return;
        }
      }
    };
    call.on("cancelled", () => {
      this.#subscribers.delete(call);
      stopWaiting();
      call.end();
    });
    advance();
  }

  #duplex(call: ClientCall, kind: "exec" | "call"): void {
    call.on("error", () => {});
    const onUnopened = (): void => void call.emit("error", statusOf(unopened()));
    call.once("end", onUnopened);
    call.once("data", (first: Inbound<ClientFrame>) => {
      call.off("end", onUnopened);
      call.pause();
      if (isMalformed(first)) call.emit("error", statusOf(first));
      else if (first.kind !== "open") call.emit("error", statusOf(unopened()));
      else if (first.request.kind !== kind) {
        call.emit(
          "error",
          statusOf(misplaced(first.request.kind, kind === "exec" ? "Exec" : "CallFramework")),
        );
      } else void this.#relay(first.request, first.frameworkId ?? null, duplexClient(call));
    });
  }

  async #relay(
    request: RelayRequest,
    frameworkId: string | null,
    client: RelayClient,
  ): Promise<void> {
    let isGone = false;
    client.onGone(() => {
      isGone = true;
    });
    try {
      const target =
        request.kind === "call"
          ? this.#framework(frameworkId)
          : this.#agent(await this.#agentOf(request.frameworkId, request.taskId));
      if (!isGone) this.#options.relays.open(target, request, client);
    } catch (error) {
      client.sink.fail(ClusterError.from(error));
    }
  }

  #framework(frameworkId: string | null): RelayTarget {
    if (frameworkId === null) {
      throw new ClusterError(
        "invalid_call",
        "call a framework: ClientFrame.Open.framework_id is missing",
      );
    }
    const target = this.#options.targetOf("framework", frameworkId);
    if (target !== undefined) return target;
    throw new ClusterError("unreachable", `framework ${frameworkId} is not connected`, {
      hint: "see `bourse framework ls`",
    });
  }

  #agent(agentId: AgentId): RelayTarget {
    const target = this.#options.targetOf("agent", agentId);
    if (target !== undefined) return target;
    throw new ClusterError("unreachable", `agent ${agentId} is not connected`, {
      hint: "see `bourse agent ls`",
    });
  }

  /** Of the newest task with this very id: an id may be the beginning of others, and may have been used before. */
  async #agentOf(frameworkId: string, taskId: TaskId): Promise<AgentId> {
    const filter = { frameworkId, idPrefix: taskId, hasCompleted: true };
    let newest: TaskView | undefined;
    let after: string | undefined;
    do {
      const page = { limit: PAGE_MAX, ...(after !== undefined && { after }) };
      const view = await this.view({ kind: "tasks", page, filter });
      if (view.kind === "refused") throw ClusterError.of(view.refusal);
      if (view.kind !== "tasks") break;
      newest = view.tasks.findLast((task) => task.taskId === taskId) ?? newest;
      after = view.next;
    } while (after !== undefined);
    if (newest !== undefined) return newest.agentId;
    throw new ClusterError("not_found", `task ${taskId} of framework ${frameworkId} is not known`, {
      hint: "see `bourse task ls --all`",
    });
  }
}

function pageRefusal(query: OperatorQuery | ClusterError): ClusterError | null {
  if (query instanceof ClusterError || !("page" in query)) return null;
  const { limit } = query.page;
  if (Number.isInteger(limit) && limit >= 1 && limit <= PAGE_MAX) return null;
  return new ClusterError("invalid_call", `Page.limit is ${limit}; it must be 1 to ${PAGE_MAX}`);
}

function misplaced(kind: string, rpc: string): ClusterError {
  return new ClusterError("invalid_call", `a request of kind ${kind} does not belong in ${rpc}`);
}

function unopened(): ClusterError {
  return new ClusterError("invalid_call", "the first frame of the stream is no open");
}

function writableClient(call: LogsCall): RelayClient {
  return {
    sink: sinkOf(call),
    frames: null,
    onGone: (callback) => void call.on("cancelled", callback),
  };
}

function duplexClient(call: ClientCall): RelayClient {
  return {
    sink: sinkOf(call),
    frames: {
      onFrame: (callback) => {
        call.on("data", (frame: Inbound<ClientFrame>) => {
          if (isMalformed(frame)) call.emit("error", statusOf(frame));
          else if (frame.kind === "relayed") callback(frame.frame);
        });
      },
      pause: () => void call.pause(),
      resume: () => void call.resume(),
    },
    onGone: (callback) => {
      call.on("cancelled", callback);
      call.on("error", callback);
    },
  };
}

function sinkOf(call: LogsCall | ClientCall): RelayClient["sink"] {
  return {
    write: (frame) => call.write(frame),
    onDrain: (callback) => void call.once("drain", callback),
    end: () => call.end(),
    fail: (error) => {
      if ("resume" in call) call.resume();
      call.emit("error", statusOf(error));
    },
  };
}
