import { present } from "@bourse/model/assert";
import type { AgentId } from "@bourse/model/ids";
import type { Offer } from "@bourse/model/offer";
import { Random } from "@bourse/model/random";
import type { Resources } from "@bourse/model/resources";
import type { TaskInfo } from "@bourse/model/task";
import { fit } from "@bourse/session/placement";
import type { BatchSpec } from "../scenario/scenario.ts";
import { type BatchColumns, gpuKind, type TaskClass } from "./batch-columns.ts";
import { BatchLaunches } from "./batch-launches.ts";
import { Dimensions } from "./dimensions.ts";
import { FreeSpace, satisfies } from "./free-space.ts";
import { GpuStock, type GpuStockMemory } from "./gpu-stock.ts";
import { needsResidents, type PlacementScore, placementScore } from "./placement-score.ts";
import { Residents, type ResidentsMemory } from "./residents.ts";
import type { WaitingTasks } from "./waiting-tasks.ts";

/** One agent of which offers are in hand. */
export interface HeldAgent {
  readonly agentId: AgentId;
  readonly offers: Offer[];
  /** What is left of them. */
  readonly space: FreeSpace;
  readonly tasks: TaskInfo[];
  /** With its reservations, where it has any; null = `space` says it all. */
  left: Resources | null;
  /** Changes with the space; never the same twice, over all agents. */
  version: number;
  isFull: boolean;
}

export interface RoundMemory {
  readonly random: readonly number[];
  readonly stock: GpuStockMemory;
  readonly largest: readonly number[];
  readonly residents: ResidentsMemory | null;
}

/**
 * Places what waits on the offers that came together: the earliest arrival that fits anywhere goes first, to the agent
 * that the rule likes best, of equal ones to the first by host name. What is left in the end is of no use to anything that waits.
 */
export class PlacementRound {
  readonly #columns: BatchColumns;
  readonly #spec: BatchSpec;
  readonly #score: PlacementScore;
  readonly #dimensions: Dimensions;
  readonly #residents: Residents | null;
  readonly #launches = new BatchLaunches();
  #random: Random;
  readonly #stock = new GpuStock();
  #held: HeldAgent[] = [];
  readonly #spaces: FreeSpace[] = [];
  readonly #remembered: (Remembered | undefined)[];
  /** Lines of which no task fits anywhere any more, in this round. */
  readonly #stuck: Uint8Array;
  #chosen: HeldAgent | null = null;
  #devices = 0;
  #resources: Resources = [];
  #version = 0;

  constructor(columns: BatchColumns, spec: BatchSpec, random: Random) {
    this.#columns = columns;
    this.#spec = spec;
    this.#random = random;
    this.#dimensions = new Dimensions(columns);
    this.#residents = needsResidents(spec.placement.rule) ? new Residents() : null;
    this.#score = placementScore(spec.placement.rule, columns, {
      dimensions: this.#dimensions,
      stock: this.#stock,
      residents: this.#residents,
    });
    this.#remembered = new Array<Remembered | undefined>(columns.classes.length);
    this.#stuck = new Uint8Array(columns.classes.length);
  }

  snapshot(): RoundMemory {
    return {
      random: this.#random.snapshot(),
      stock: this.#stock.snapshot(),
      largest: this.#dimensions.snapshot(),
      residents: this.#residents?.snapshot() ?? null,
    };
  }

  restore({ random, stock, largest, residents }: RoundMemory): void {
    this.#random = Random.restore(random);
    this.#stock.restore(stock);
    this.#dimensions.restore(largest);
    if (residents !== null) this.#residents?.restore(residents);
  }

  begin(offers: readonly Offer[]): void {
    const byAgent = new Map<AgentId, HeldAgent>();
    this.#held = [];
    this.#stuck.fill(0);
    for (const offer of offers) {
      const known = byAgent.get(offer.agentId);
      if (known === undefined) byAgent.set(offer.agentId, this.#hold(offer));
      else this.#holdMore(known, offer);
    }
    this.#held.sort(byHostname);
  }

  /** Of the lines with a task that fits somewhere, the one whose first task arrived earliest; -1 when there is none. */
  next(waiting: WaitingTasks): number {
    for (;;) {
      const line = this.#earliest(waiting);
      if (line < 0) return -1;
      this.#chosen = this.#choose(line);
      if (this.#chosen !== null) return line;
      this.#stuck[line] = 1;
    }
  }

  /** Takes what a task of the line wants from the agent that `next` found. */
  place(line: number): { readonly agentId: AgentId; readonly resources: Resources } {
    const held = present(this.#chosen, "an agent was chosen");
    held.space.take(this.#columns.classes[line] as TaskClass, this.#devices);
    if (held.left !== null) {
      const found = fit(held.left, { resources: this.#resources });
      if (found.isFit) held.left = found.rest;
      if (found.isFit) this.#resources = found.taken;
    }
    held.version = this.#nextVersion();
    return { agentId: held.agentId, resources: this.#resources };
  }

  launched(index: number, task: TaskInfo): void {
    const held = present(this.#chosen, "an agent was chosen");
    held.tasks.push(task);
    if (held.tasks.length >= this.#spec.tasksPerOfferMax) held.isFull = true;
    const line = this.#columns.classOf(index);
    const kind = gpuKind(this.#columns.classes[line] as TaskClass);
    this.#residents?.launched(index, held.offers[0] as Offer, kind);
  }

  /** The attempt of the task is over. */
  ended(index: number): void {
    this.#residents?.ended(index);
  }

  used(): readonly HeldAgent[] {
    return this.#held.filter(({ tasks }) => tasks.length > 0);
  }

  unused(): readonly Offer[] {
    return this.#held.flatMap(({ tasks, offers }) => (tasks.length > 0 ? [] : offers));
  }

  #hold(offer: Offer): HeldAgent {
    const place = this.#held.length;
    const space = this.#spaces[place] ?? new FreeSpace(this.#columns);
    this.#spaces[place] = space;
    space.read(offer.resources, offer.attributes);
    const held: HeldAgent = {
      agentId: offer.agentId,
      offers: [offer],
      space,
      tasks: [],
      left: space.isPlain ? null : offer.resources,
      version: this.#nextVersion(),
      isFull: !satisfies(offer.attributes, this.#spec.placement.constraints),
    };
    this.#held.push(held);
    this.#learn(held);
    return held;
  }

  #holdMore(held: HeldAgent, offer: Offer): void {
    held.offers.push(offer);
    held.space.readMore(offer.resources);
    if (held.left !== null || !held.space.isPlain) {
      held.left = held.offers.flatMap(({ resources }) => resources);
    }
    this.#learn(held);
  }

  #learn({ agentId, space }: HeldAgent): void {
    this.#dimensions.saw(space);
    if (!this.#columns.hasGpus) return;
    this.#stock.saw(agentId, space.gpuModel, Math.max(space.deviceCount, space.gpus));
    // A GPU of which nothing is left is in no offer.
    if (space.deviceCount > 0) space.deviceCount = this.#stock.on(agentId);
  }

  #earliest(waiting: WaitingTasks): number {
    const { open } = waiting;
    let best = -1;
    let bestHead = Number.POSITIVE_INFINITY;
    for (let place = 0; place < open.length; place++) {
      const line = open[place] as number;
      if (this.#stuck[line] === 1) continue;
      const head = waiting.headOf(line);
      if (head >= bestHead) continue;
      best = line;
      bestHead = head;
    }
    return best;
  }

  #choose(line: number): HeldAgent | null {
    for (;;) {
      const place = this.#best(line);
      if (place < 0) return null;
      const held = this.#held[place] as HeldAgent;
      const wanted = this.#columns.classes[line] as TaskClass;
      this.#devices = this.#devicesFor(held, wanted);
      this.#resources = this.#launches.resourcesOf(wanted, this.#devices);
      if (held.left === null || fit(held.left, { resources: this.#resources }).isFit) return held;
      held.isFull = true; // Enough of each scalar, but not in the reservations that it takes.
    }
  }

  #devicesFor(held: HeldAgent, wanted: TaskClass): number {
    if (!this.#columns.hasGpus) return 0;
    const { space } = held;
    return this.#score.devicesFor?.(space, wanted, this.#random) ?? space.devicesFor(wanted);
  }

  /** Where the score is highest, the first of equal ones; -1 = it fits nowhere. */
  #best(line: number): number {
    if (this.#score.isDrawn === true) return this.#draw(line);
    const remembered = this.#score.isStable ? this.#rememberedOf(line) : null;
    let best = -1;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (let place = 0; place < this.#held.length; place++) {
      const held = this.#held[place] as HeldAgent;
      if (held.isFull) continue;
      const score =
        remembered === null
          ? this.#scoreOf(held, line)
          : this.#scoreFrom(remembered, place, held, line);
      if (score <= bestScore) continue;
      best = place;
      bestScore = score;
    }
    return best;
  }

  /** Any place where it fits, each as likely as the other. */
  #draw(line: number): number {
    const wanted = this.#columns.classes[line] as TaskClass;
    let drawn = -1;
    let count = 0;
    for (let place = 0; place < this.#held.length; place++) {
      const { isFull, space } = this.#held[place] as HeldAgent;
      if (isFull || !space.fits(wanted)) continue;
      count += 1;
      if (this.#random.below(count) === 0) drawn = place;
    }
    return drawn;
  }

  #scoreFrom(remembered: Remembered, place: number, held: HeldAgent, line: number): number {
    if (remembered.versions[place] === held.version) return remembered.scores[place] as number;
    const score = this.#scoreOf(held, line);
    remembered.versions[place] = held.version;
    remembered.scores[place] = score;
    return score;
  }

  #scoreOf(held: HeldAgent, line: number): number {
    const wanted = this.#columns.classes[line] as TaskClass;
    if (!held.space.fits(wanted)) return Number.NEGATIVE_INFINITY;
    return this.#score.scoreOf(held, wanted);
  }

  #rememberedOf(line: number): Remembered {
    const known = this.#remembered[line];
    if (known !== undefined && known.versions.length >= this.#held.length) return known;
    const made = {
      versions: new Float64Array(this.#held.length),
      scores: new Float64Array(this.#held.length),
    };
    this.#remembered[line] = made;
    return made;
  }

  #nextVersion(): number {
    this.#version += 1;
    return this.#version;
  }
}

function byHostname(a: HeldAgent, b: HeldAgent): number {
  const [left, right] = [a.offers[0] as Offer, b.offers[0] as Offer];
  if (left.hostname !== right.hostname) return left.hostname < right.hostname ? -1 : 1;
  return left.agentId < right.agentId ? -1 : 1;
}

/** Scores of one class by place in hand, each good for one version of what lies there. */
interface Remembered {
  readonly versions: Float64Array;
  readonly scores: Float64Array;
}
