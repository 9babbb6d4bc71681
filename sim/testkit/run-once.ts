import type { Now } from "@bourse/model/now";
import type { Offer } from "@bourse/model/offer";
import type { TaskStatus } from "@bourse/model/task";
import { isTerminal } from "@bourse/model/task-state";
import type { Policy, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import { accept, decline, task } from "./builders.ts";

/** An example of a framework: keeps one task alive, as attempts `<name>.1`, `<name>.2`, ... */
export class RunOnce implements Policy {
  readonly #name: string;
  #attempt = 0;
  #isAlive = false;

  constructor(name: string) {
    this.#name = name;
  }

  snapshot(): unknown {
    return { attempt: this.#attempt, isAlive: this.#isAlive };
  }

  apply(_now: Now, event: PolicyEvent): PolicyCalls {
    if (event.kind === "offers") return { calls: event.offers.map((offer) => this.#answer(offer)) };
    if (event.kind === "update") this.#update(event.status);
    return { calls: [] };
  }

  #answer(offer: Offer): ReturnType<typeof accept> {
    if (this.#isAlive) return decline(offer, 1_000);
    this.#isAlive = true;
    this.#attempt += 1;
    return accept(offer, [task({ taskId: `${this.#name}.${this.#attempt}` })]);
  }

  #update({ taskId, state }: TaskStatus): void {
    if (taskId !== `${this.#name}.${this.#attempt}`) return;
    if (isTerminal(state) || state === "TASK_UNREACHABLE") this.#isAlive = false;
  }
}
