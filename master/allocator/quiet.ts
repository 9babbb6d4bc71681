import type { ResourceValue } from "@bourse/model/resources";
import type { AgentTable } from "./agents.ts";
import { hasValue } from "./ranges.ts";
import { grownFloats } from "./rows.ts";
import { NONE } from "./slots.ts";

/** Numbers of an agent: until when, since which version of the clients, of which quota. */
const WIDTH = 3;
export const NO_QUOTA = -1;

/**
 * Agents that a run found nobody to give to. That stays so while no more of the agent is free than was then (what is
 * refused or too little is so in part), until a refusal that was in the way runs out, or the quota changes where it
 * was in the way; but for clients that changed since. This is no state: what is forgotten is found out again.
 */
export class QuietAgents {
  readonly #agents: AgentTable;
  #columns: Float64Array = new Float64Array(16 * WIDTH);
  /** What was free, by entry of the agent. */
  #covered: Float64Array = new Float64Array(0);
  readonly #coveredValue: (ResourceValue | undefined)[] = [];

  constructor(agents: AgentTable) {
    this.#agents = agents;
  }

  /** Makes room for an agent, which is not quiet. */
  open(agent: number): void {
    this.#columns = grownFloats(this.#columns, (agent + 1) * WIDTH);
    this.end(agent);
  }

  /** `untilMs`: no refusal that was in the way ends before. `NO_QUOTA`: the quota was not in the way. */
  begin(agent: number, version: number, untilMs: number, quotaVersion: number): void {
    const { count, free, freeValue, width } = this.#agents;
    const at = agent * WIDTH;
    this.#columns[at] = untilMs;
    this.#columns[at + 1] = version;
    this.#columns[at + 2] = quotaVersion;
    const base = agent * width;
    const end = base + count[agent]!;
    this.#covered = grownFloats(this.#covered, free.length);
    while (this.#coveredValue.length < end) this.#coveredValue.push(undefined);
    for (let entry = base; entry < end; entry++) {
      this.#covered[entry] = free[entry]!;
      if (freeValue[entry] !== this.#coveredValue[entry])
        this.#coveredValue[entry] = freeValue[entry];
    }
  }

  /** The agent's entries or anything else about it have changed. */
  end(agent: number): void {
    this.#columns[agent * WIDTH] = 0;
  }

  /** So have those of all agents. */
  endAll(): void {
    this.#columns.fill(0);
  }

  /** Only clients that changed after this version can be given something of the agent; NONE = anybody. */
  since(agent: number, monoMs: number, quotaVersion: number): number {
    const at = agent * WIDTH;
    if (monoMs >= this.#columns[at]!) return NONE;
    const quota = this.#columns[at + 2]!;
    if (quota !== NO_QUOTA && quota !== quotaVersion) return NONE;
    return this.#isCovered(agent) ? this.#columns[at + 1]! : NONE;
  }

  untilMs(agent: number): number {
    return this.#columns[agent * WIDTH]!;
  }

  isByQuota(agent: number): boolean {
    return this.#columns[agent * WIDTH + 2] !== NO_QUOTA;
  }

  #isCovered(agent: number): boolean {
    const { count, free, freeValue, width } = this.#agents;
    const base = agent * width;
    const end = base + count[agent]!;
    for (let entry = base; entry < end; entry++) {
      if (free[entry]! > this.#covered[entry]!) return false;
      const value = freeValue[entry];
      if (value === undefined) continue;
      const covered = this.#coveredValue[entry];
      if (covered === undefined || !hasValue(covered, value)) return false;
    }
    return true;
  }
}
