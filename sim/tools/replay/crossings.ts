import type { Now } from "@bourse/model/now";
import type { Condition } from "./condition.ts";
import type { Visitor } from "./walk.ts";

/** A moment at which a condition came true, or ceased to hold. */
export interface Crossing {
  readonly epoch: number;
  readonly position: number;
  readonly now: Now;
  readonly title: string;
  readonly holds: boolean;
}

/** More are counted, not kept. */
const CROSSINGS_MAX = 10_000;

/** Follows a condition through a whole journal. */
export class Crossings implements Visitor {
  readonly #condition: Condition;
  readonly list: Crossing[] = [];
  count = 0;
  #holds = false;

  constructor(condition: Condition) {
    this.#condition = condition;
  }

  after: NonNullable<Visitor["after"]> = ({ cluster, now, epoch, position, title }) => {
    const holds = this.#condition.holds(cluster, now);
    if (holds === this.#holds) return false;
    this.#holds = holds;
    this.count += 1;
    if (this.list.length < CROSSINGS_MAX) this.list.push({ epoch, position, now, title, holds });
    return false;
  };
}
