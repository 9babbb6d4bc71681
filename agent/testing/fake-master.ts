import type { AgentToMaster, MasterToAgent } from "@bourse/model/agent-messages";
import type { TaskSpec } from "@bourse/model/container";
import type { OperationUpdate } from "@bourse/model/operation";
import type { RelayFrame, RelayRequest } from "@bourse/model/relay";
import { type Resources, ranges, scalar } from "@bourse/model/resources";
import { NO_PAYLOAD, type TaskStatus } from "@bourse/model/task";
import { MESSAGE_SIZE_OPTIONS } from "@bourse/proto/wire/channel";
import {
  type AgentDownlink,
  agentGatewayService,
  type Frame,
  relayService,
} from "@bourse/proto/wire/services";
import { encodeTaskPayload } from "@bourse/proto/wire/task";
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

type AgentStream = ServerDuplexStream<Frame<AgentToMaster>, Frame<AgentDownlink>>;
type RelayServerStream = ServerDuplexStream<RelayFrame, RelayFrame>;

/** A master of few words for tests of the agent: registers everybody, acknowledges everything, launches on demand. */
export class FakeMaster {
  readonly #server = new Server(MESSAGE_SIZE_OPTIONS);
  readonly #relays = new Map<string, (stream: RelayServerStream, frame: RelayFrame) => void>();
  #stream: AgentStream | null = null;
  #sequence = 0;
  port = 0;
  epoch = 1;
  isAcknowledging = true;
  /** Registrations in the order of their arrival. */
  readonly registrations: Extract<AgentToMaster, { kind: "register" | "reregister" }>[] = [];
  readonly statuses: TaskStatus[] = [];
  /** Operations that were answered, with how often. */
  readonly operations: OperationUpdate[] = [];

  static async start(port = 0): Promise<FakeMaster> {
    const master = new FakeMaster();
    master.#server.addService(agentGatewayService, {
      session: (stream: AgentStream) => master.#serve(stream),
    } as UntypedServiceImplementation);
    master.#server.addService(relayService, {
      attach: (stream: RelayServerStream) => master.#attach(stream),
    } as UntypedServiceImplementation);
    master.port = await new Promise<number>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      master.#server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return master;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** As a process that is killed. */
  stop(): void {
    this.#server.forceShutdown();
  }

  /** To the agent that came last. */
  send(message: AgentDownlink, stream = this.#stream): void {
    this.sendFrame([message], stream);
  }

  sendFrame(messages: readonly AgentDownlink[], stream = this.#stream): void {
    this.#sequence += messages.length;
    stream?.write({ messages, sequence: this.#sequence, acknowledged: 0 });
  }

  launch(taskId: string, spec: TaskSpec, more: Resources = []): void {
    const resources = [
      scalar("cpus", 100),
      scalar("mem", 32_000),
      ranges("ports", [{ begin: 31_000, end: 31_000 }]),
      ...more,
    ];
    const info = {
      user: "",
      name: "f",
      roles: ["*"],
      failoverTimeoutMs: 60_000,
      isCheckpointing: true,
      capabilities: [],
      payload: NO_PAYLOAD,
    };
    const payload = encodeTaskPayload(spec);
    this.send({
      kind: "launch",
      framework: { frameworkId: "f1", info },
      tasks: [{ taskId, name: taskId, agentId: "a1", resources, payload }],
    });
  }

  kill(taskId: string): void {
    this.send({ kind: "kill", frameworkId: "f1", taskId });
  }

  /** Asks for a relay; `onFrame` gets what the agent sends, and may answer. */
  relay(
    request: RelayRequest,
    onFrame: (frame: RelayFrame, answer: (frame: RelayFrame) => void) => void,
  ): Promise<RelayFrame> {
    const token = `token-${this.#relays.size}`;
    return new Promise((resolve) => {
      this.#relays.set(token, (stream, frame) => {
        onFrame(frame, (answer) => stream.write(answer));
        if (frame.kind === "end") {
          stream.end();
          resolve(frame);
        }
      });
      this.send({ kind: "open-relay", token, request });
    });
  }

  statesOf(taskId: string): readonly string[] {
    const states: string[] = [];
    for (const status of this.statuses) {
      if (status.taskId === taskId && states.at(-1) !== status.state) states.push(status.state);
    }
    return states;
  }

  #serve(stream: AgentStream): void {
    this.#stream = stream;
    this.#sequence = 0;
    stream.on("data", (frame: Frame<AgentToMaster>) => {
      for (const message of frame.messages) this.#take(stream, message);
    });
    stream.on("error", () => {});
    stream.on("end", () => stream.end());
  }

  #take(stream: AgentStream, message: AgentToMaster): void {
    switch (message.kind) {
      case "register":
      case "reregister":
        this.registrations.push(message);
        this.send(this.#answer(message.kind), stream);
        return;
      case "update": {
        const { frameworkId, status } = message.update;
        this.statuses.push(status);
        if (status.uuid === undefined || !this.isAcknowledging) return;
        const { taskId, uuid } = status;
        this.send({ kind: "acknowledge", frameworkId, taskId, uuid }, stream);
        return;
      }
      case "operation-update": {
        this.operations.push(message.update);
        if (!this.isAcknowledging) return;
        const { operationUuid, uuid } = message.update;
        this.send({ kind: "acknowledge-operation", operationUuid, uuid }, stream);
        return;
      }
      default:
    }
  }

  #answer(kind: "register" | "reregister"): MasterToAgent {
    const answer = { agentId: "a1", epoch: this.epoch, pingTimeoutMs: 60_000 };
    return kind === "register"
      ? { kind: "registered", ...answer }
      : { kind: "reregistered", ...answer, unwantedFrameworks: [] };
  }

  #attach(stream: RelayServerStream): void {
    let take: ((stream: RelayServerStream, frame: RelayFrame) => void) | undefined;
    stream.on("error", () => {});
    stream.on("data", (frame: RelayFrame) => {
      if (frame.kind === "attach") take = this.#relays.get(frame.token);
      else take?.(stream, frame);
    });
  }
}

/** Looks again and again until it holds; fails after a while with what was seen last. */
export async function eventually(holds: () => void, timeoutMs = 10_000): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    try {
      holds();
      return;
    } catch (thrown) {
      if (Date.now() > endMs) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
