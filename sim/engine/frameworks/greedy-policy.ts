import type { TaskId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { Offer } from "@bourse/model/offer";
import { Random } from "@bourse/model/random";
import type { TaskInfo } from "@bourse/model/task";
import type { PolicyCall, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import type { PolicySpec } from "../scenario/scenario.ts";
import type { SimPolicy } from "../sim-framework.ts";
import { BatchColumns, type TaskClass } from "./batch-columns.ts";
import { BatchLaunches } from "./batch-launches.ts";
import { FreeSpace } from "./free-space.ts";

export type GreedySpec = Extract<PolicySpec, { kind: "greedy" }>;

/** An input: from now on it has enough, so that a run can come to rest. */
export const GREEDY_RESTS = "rest";

/** The master takes no more in one call. */
const TASKS_PER_OFFER_MAX = 10_000;

/**
 * Takes every offer whole, in tasks of one size, whether it has work for them or not; what is too small for one it
 * declines as anybody would. It never suppresses and never has enough: the neighbour that fair sharing is for.
 */
export class GreedyPolicy implements SimPolicy {
  readonly isForgetful = true;
  readonly #spec: GreedySpec;
  readonly #task: TaskClass;
  readonly #space: FreeSpace;
  readonly #launches = new BatchLaunches();
  /** Names the tasks; goes on in the next life. */
  #launched = 0;
  #isResting = false;

  constructor(spec: GreedySpec) {
    this.#spec = spec;
    const row = { atMs: 0, count: 1, amounts: spec.size, runMs: spec.runMs, job: "" };
    const columns = new BatchColumns(
      { load: [row], failures: 0, isClosedLoop: false },
      Random.fromSeed("nothing is drawn"),
    );
    this.#task = columns.classes[0] as TaskClass;
    this.#space = new FreeSpace(columns);
  }

  static restore(spec: GreedySpec, saved: unknown): GreedyPolicy {
    const policy = new GreedyPolicy(spec);
    const { launched, isResting } = saved as ReturnType<GreedyPolicy["snapshot"]>;
    policy.#launched = launched;
    policy.#isResting = isResting;
    return policy;
  }

  snapshot(): { readonly launched: number; readonly isResting: boolean } {
    return { launched: this.#launched, isResting: this.#isResting };
  }

  planOf(_taskId: TaskId): { readonly runMs: number; readonly exitCode: number } {
    return { runMs: this.#spec.runMs, exitCode: 0 };
  }

  apply(_now: Now, event: PolicyEvent<unknown>): PolicyCalls<unknown> {
    if (event.kind === "input") this.#isResting = event.input === GREEDY_RESTS;
    if (event.kind !== "offers") return { calls: [] };
    return { calls: event.offers.map((offer) => this.#answer(offer)) };
  }

  #answer(offer: Offer): PolicyCall {
    const offerIds = [offer.offerId];
    const tasks = this.#isResting ? [] : this.#fill(offer);
    if (tasks.length === 0) return { kind: "decline", offerIds, filters: {} };
    return {
      kind: "accept",
      offerIds,
      operations: [{ kind: "launch", tasks }],
      filters: { refuseMs: 0 },
    };
  }

  #fill({ resources, attributes, agentId }: Offer): TaskInfo[] {
    const tasks: TaskInfo[] = [];
    const space = this.#space;
    space.read(resources, attributes);
    // Reserved resources would have to be named as they are: it takes what everybody may take.
    while (space.isPlain && space.fits(this.#task) && tasks.length < TASKS_PER_OFFER_MAX) {
      const devices = space.devicesFor(this.#task);
      space.take(this.#task, devices);
      this.#launched += 1;
      const wanted = this.#launches.resourcesOf(this.#task, devices);
      tasks.push(this.#launches.taskOf(`t${this.#launched}`, agentId, wanted));
    }
    return tasks;
  }
}
