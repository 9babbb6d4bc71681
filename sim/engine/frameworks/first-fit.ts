import type { Offer } from "@bourse/model/offer";
import type { Resources } from "@bourse/model/resources";
import { fit } from "@bourse/session/placement";
import type { Placement } from "../scenario/scenario.ts";
import type { BatchColumns, TaskClass } from "./batch-columns.ts";
import type { BatchLaunches } from "./batch-launches.ts";
import { FreeSpace, satisfies } from "./free-space.ts";
import type { WaitingTasks } from "./waiting-tasks.ts";

/**
 * Fills one offer after the other in the order of arrival: of the classes that wait and still fit, the one whose first
 * task arrived earliest. It takes room, never tasks: whoever asks takes them from those that wait.
 */
export class FirstFit {
  readonly #columns: BatchColumns;
  readonly #constraints: Placement["constraints"];
  readonly #waiting: WaitingTasks;
  readonly #launches: BatchLaunches;
  readonly #space: FreeSpace;
  /** Classes that fit the offer at hand. */
  readonly #fitting: number[] = [];
  /** What is left of the offer where it matters which of its resources a task has; null = it does not. */
  #left: Resources | null = null;

  constructor(
    columns: BatchColumns,
    { constraints }: Placement,
    waiting: WaitingTasks,
    launches: BatchLaunches,
  ) {
    this.#columns = columns;
    this.#constraints = constraints;
    this.#waiting = waiting;
    this.#launches = launches;
    this.#space = new FreeSpace(columns);
  }

  begin({ resources, attributes }: Offer): void {
    const space = this.#space;
    const { classes } = this.#columns;
    const fitting = this.#fitting;
    space.read(resources, attributes);
    this.#left = space.isPlain ? null : resources;
    fitting.length = 0;
    if (this.#constraints.length > 0 && !satisfies(attributes, this.#constraints)) return;
    const open = this.#waiting.open;
    for (let place = 0; place < open.length; place++) {
      const line = open[place] as number;
      if (space.fits(classes[line] as TaskClass)) fitting.push(line);
    }
  }

  /** The class that goes first; -1 when nothing more fits. */
  next(): number {
    const { classes } = this.#columns;
    const fitting = this.#fitting;
    for (;;) {
      let best = -1;
      let bestHead = Number.POSITIVE_INFINITY;
      for (let place = 0; place < fitting.length; place++) {
        const head = this.#waiting.headOf(fitting[place] as number);
        if (head >= bestHead) continue;
        best = place;
        bestHead = head;
      }
      if (best < 0) return -1;
      const line = fitting[best] as number;
      if (this.#space.fits(classes[line] as TaskClass)) return line;
      fitting[best] = fitting[fitting.length - 1] as number;
      fitting.pop();
    }
  }

  /** What a task of the class has of the offer; null = its resources do not add up to one after all. */
  take(line: number): Resources | null {
    const wanted = this.#columns.classes[line] as TaskClass;
    const devices = this.#space.devicesFor(wanted);
    let resources = this.#launches.resourcesOf(wanted, devices);
    if (this.#left !== null) {
      const found = fit(this.#left, { resources });
      if (!found.isFit) return null;
      resources = found.taken;
      this.#left = found.rest;
    }
    this.#space.take(wanted, devices);
    return resources;
  }
}
