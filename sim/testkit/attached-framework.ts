import type { SimFramework, SimFrameworkOptions } from "@bourse/engine/sim-framework";
import type { World } from "@bourse/engine/world";
import type { FrameworkInfo } from "@bourse/model/framework";
import type { FrameworkId, TaskId } from "@bourse/model/ids";
import type { TaskStatus } from "@bourse/model/task";
import type { Policy } from "@bourse/session/policy";

export interface AttachSettings {
  readonly name: string;
  readonly info: FrameworkInfo;
  readonly session: Partial<SimFrameworkOptions["session"]>;
}

/** A framework in a test cluster. */
export class AttachedFramework<Input = unknown, Output = unknown> {
  readonly name: string;
  /** What the policy said to its own users, oldest first. */
  readonly outputs: Output[] = [];
  readonly #framework: SimFramework;
  #policy: Policy<Input, Output>;

  constructor(
    world: World,
    policy: Policy<Input, Output> | (() => Policy<Input, Output>),
    settings: AttachSettings,
  ) {
    const create = typeof policy === "function" ? policy : () => policy;
    this.name = settings.name;
    this.#policy = create();
    this.#framework = world.addFramework({
      ...settings,
      session: settings.session as SimFrameworkOptions["session"],
      createPolicy: ({ life }) => {
        if (life > 1) this.#policy = create();
        return this.#policy as Policy<unknown, unknown>;
      },
      output: (output) => this.outputs.push(output as Output),
    });
    this.#framework.start();
  }

  /** Of the present life. */
  get policy(): Policy<Input, Output> {
    return this.#policy;
  }

  get frameworkId(): FrameworkId | null {
    return this.#framework.frameworkId;
  }

  get isSubscribed(): boolean {
    return this.#framework.session?.isSubscribed ?? false;
  }

  /** Newest status of each task that the framework heard of. */
  get tasks(): ReadonlyMap<TaskId, TaskStatus> {
    return this.#framework.heard;
  }

  /** Why the framework can never subscribe again; null while it can. */
  get endCause(): string | null {
    return this.#framework.endCause;
  }

  /** As its users would ask. */
  input(input: Input): void {
    this.#framework.input(input);
  }

  /** Its process dies. Its framework id is on disk; what its policy keeps is up to the function given to `attach`. */
  crash(): void {
    this.#framework.crash();
  }

  restart(): void {
    this.#framework.start();
  }
}
