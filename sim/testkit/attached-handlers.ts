import type { SimFramework, SimFrameworkOptions } from "@bourse/engine/sim-framework";
import type { World } from "@bourse/engine/world";
import type { FrameworkId, TaskId } from "@bourse/model/ids";
import type { Random } from "@bourse/model/random";
import type { TaskStatus } from "@bourse/model/task";
import type { PolicyCall, PolicyEvent } from "@bourse/session/policy";
import type { AttachSettings } from "./attached-framework.ts";

/** What a handler is given to act with; its clock and its chance are those of the cluster. */
export interface HandlerContext {
  call(call: PolicyCall): void;
  /** Virtual milliseconds. */
  nowMs(): number;
  sleep(durationMs: number): Promise<void>;
  readonly random: Random;
}

export type Handler = (event: PolicyEvent, context: HandlerContext) => void | Promise<void>;

/**
 * A framework of async handlers in a test cluster. An update is acknowledged when its handler has resolved; one whose
 * handler failed is delivered again when the master resends it.
 */
export class AttachedHandlers {
  readonly name: string;
  /** What handlers threw, oldest first. */
  readonly errors: unknown[] = [];
  readonly #framework: SimFramework;
  readonly #handler: Handler;
  readonly #context: HandlerContext;

  constructor(world: World, handler: Handler, settings: AttachSettings) {
    const { simulation } = world;
    this.name = settings.name;
    this.#handler = handler;
    this.#framework = world.addFramework({
      ...settings,
      session: settings.session as SimFrameworkOptions["session"],
      createPolicy: () => null,
      deliver: (event) => void this.#handle(event as PolicyEvent),
    });
    this.#context = {
      call: (call) => this.#framework.enter({ kind: "call", call }),
      nowMs: () => simulation.nowMs,
      sleep: (durationMs) =>
        new Promise((resolve) => {
          simulation.after(durationMs, resolve);
        }),
      random: simulation.random.fork(`${settings.name} handlers`),
    };
    this.#framework.start();
  }

  get frameworkId(): FrameworkId | null {
    return this.#framework.frameworkId;
  }

  get tasks(): ReadonlyMap<TaskId, TaskStatus> {
    return this.#framework.heard;
  }

  async #handle(event: PolicyEvent): Promise<void> {
    try {
      await this.#handler(event, this.#context);
      this.#answer(event, true);
    } catch (thrown) {
      this.errors.push(thrown);
      this.#answer(event, false);
    }
  }

  #answer(event: PolicyEvent, isHandled: boolean): void {
    if (event.kind !== "update" && event.kind !== "operation-update") return;
    const { uuid } = event.status;
    if (uuid === undefined) return;
    if (event.kind === "operation-update") {
      const kind = isHandled ? "operation-handled" : "operation-unhandled";
      this.#framework.enter({ kind, uuid });
    } else {
      const kind = isHandled ? "handled" : "unhandled";
      this.#framework.enter({ kind, taskId: event.status.taskId, uuid });
    }
  }
}
