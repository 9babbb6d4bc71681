import type { Socket } from "node:net";
import type { Sending } from "@bourse/cluster/effects";
import { unreachable } from "@bourse/model/assert";
import type { ClusterError } from "@bourse/model/errors";
import type { SessionId } from "@bourse/model/ids";
import { MESSAGE_SIZE_OPTIONS } from "@bourse/proto/wire/channel";
import type { Method } from "@bourse/proto/wire/method";
import {
  agentGatewayService,
  operatorService,
  relayService,
  schedulerService,
} from "@bourse/proto/wire/services";
import {
  type ConnectionInjector,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Clock } from "../../clock.ts";
import type { Inbox } from "../../inbox.ts";
import { EventRing } from "../event-ring.ts";
import { OperatorApi } from "./operator.ts";
import { AGENTS, FRAMEWORKS } from "./peer-kinds.ts";
import { Relays, type RelayTarget } from "./relays.ts";
import { SessionTable } from "./session-table.ts";

export interface GrpcOptions {
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly epoch: number;
  /** A stream was cut off by us; for log and metrics. */
  onDropped?(session: SessionId, error: ClusterError): void;
}

/** Finds connections whose other end is gone without a word; peers are also pinged by the core. */
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;

/** The gRPC side of the API: knows which stream is whose, and decides nothing. */
export class GrpcApi {
  readonly operator: OperatorApi;
  readonly relays = new Relays();
  readonly events: EventRing;
  readonly frameworks: SessionTable<
    Parameters<typeof FRAMEWORKS.toInput>[1],
    Parameters<typeof FRAMEWORKS.peerOf>[0]
  >;
  readonly agents: SessionTable<
    Parameters<typeof AGENTS.toInput>[1],
    Parameters<typeof AGENTS.peerOf>[0]
  >;
  readonly #server: Server;
  readonly #injector: ConnectionInjector;
  /** One object per control stream, so that a relay knows when its stream is gone. */
  readonly #targets = new Map<SessionId, RelayTarget>();
  #nextSession = 1;

  constructor(options: GrpcOptions) {
    const table = {
      inbox: options.inbox,
      nextNumber: () => this.#nextSession++,
      onEnded: (session: SessionId, error: ClusterError | null) => {
        this.#onSessionEnded(session);
        if (error !== null) options.onDropped?.(session, error);
      },
    };
    this.frameworks = new SessionTable(FRAMEWORKS, table);
    this.agents = new SessionTable(AGENTS, table);
    this.events = new EventRing(options.epoch);
    this.operator = new OperatorApi({
      inbox: options.inbox,
      clock: options.clock,
      events: this.events,
      relays: this.relays,
      targetOf: (kind, id) => this.#targetOf(kind, id),
    });
    this.#server = new Server({
      ...MESSAGE_SIZE_OPTIONS,
      "grpc.keepalive_time_ms": KEEPALIVE_MS,
      "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    });
    for (const [definition, handlers] of this.#services())
      this.#server.addService(definition, handlers);
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  accept(socket: Socket): void {
    this.#injector.injectConnection(socket);
  }

  deliver(sending: Sending): void {
    switch (sending.to) {
      case "framework":
        this.frameworks.get(sending.session)?.send(sending.event);
        return;
      case "agent":
        this.agents.get(sending.session)?.send(sending.message);
        return;
      case "operator":
        this.operator.reply(sending.request, sending.reply);
        return;
      case "events":
        this.events.push(sending.event);
        return;
      case "close":
        this.frameworks.get(sending.session)?.close();
        this.agents.get(sending.session)?.close();
        return;
      default:
        unreachable(sending);
    }
  }

  /** At the end of a turn. `isSettled`: no effect waits any more, so all that was taken is dealt with. */
  flush(isSettled: boolean): void {
    this.frameworks.flush(isSettled);
    this.agents.flush(isSettled);
  }

  /** Tells everybody that this master ends; peers then try the next, or this one again. */
  endStreams(error: ClusterError): void {
    this.frameworks.failAll(error);
    this.agents.failAll(error);
    this.operator.endAll(error);
  }

  /** Gives what is under way a moment, then cuts it off. */
  async close(graceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#server.forceShutdown();
        resolve();
      }, graceMs);
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#injector.destroy();
  }

  #targetOf(kind: "agent" | "framework", id: string): RelayTarget | undefined {
    const session = kind === "agent" ? this.agents.ofPeer(id) : this.frameworks.ofPeer(id);
    if (session === undefined) return undefined;
    const known = this.#targets.get(session.number);
    if (known !== undefined) return known;
    const target: RelayTarget = {
      name: `${kind} ${id}`,
      send: (request) => {
        session.send({ kind: "open-relay", ...request });
        session.flush(false);
      },
    };
    this.#targets.set(session.number, target);
    return target;
  }

  #onSessionEnded(session: SessionId): void {
    const target = this.#targets.get(session);
    if (target === undefined) return;
    this.#targets.delete(session);
    this.relays.targetGone(target);
  }

  #services(): [ServiceDefinition, UntypedServiceImplementation][] {
    const { operator } = this;
    return [
      [
        { session: sized(schedulerService.session) },
        {
          session: (call: Parameters<typeof this.frameworks.open>[0]) => this.frameworks.open(call),
        },
      ],
      [
        { session: sized(agentGatewayService.session) },
        { session: (call: Parameters<typeof this.agents.open>[0]) => this.agents.open(call) },
      ],
      [
        { attach: relayService.attach },
        { attach: (call: Parameters<typeof this.relays.accept>[0]) => this.relays.accept(call) },
      ],
      [
        { ...operatorService },
        {
          query: operator.query,
          call: operator.call,
          events: operator.events,
          logs: operator.logs,
          exec: operator.exec,
          callFramework: operator.callFramework,
        },
      ],
    ] as unknown as [ServiceDefinition, UntypedServiceImplementation][];
  }
}

/** A session's frames come with their size, and go out as bytes that the session packed. */
function sized<In, Out>(method: Method<In, Out>): object {
  return {
    ...method,
    requestDeserialize: (bytes: Buffer) => ({
      frame: method.requestDeserialize(bytes),
      bytes: bytes.length,
    }),
    responseSerialize: (packed: Buffer) => packed,
  };
}
