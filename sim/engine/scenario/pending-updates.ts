import type { Probe } from "../probe.ts";
import type { World } from "../world.ts";

/**
 * How many status updates agents hold that nobody has acknowledged. A count, because asking every agent would cost a
 * walk over all tasks; an agent that is removed takes what it held with it, and then only the walk knows.
 */
export class PendingUpdates {
  readonly #world: World;
  #count = 0;
  readonly probe: Probe = {
    agentStored: (_agent, { kind }) => {
      if (kind === "update") this.#count += 1;
      else if (kind === "acknowledged") this.#count -= 1;
    },
  };

  constructor(world: World) {
    this.#world = world;
  }

  get areNone(): boolean {
    return this.#count === 0 || this.#world.agents.every(({ core }) => holdsNone(core));
  }
}

function holdsNone(core: World["agents"][number]["core"]): boolean {
  return (core?.checkpoint().tasks ?? []).every(({ pending }) => pending.length === 0);
}
