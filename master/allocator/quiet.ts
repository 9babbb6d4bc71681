import { grownFloats } from "./rows.ts";
import { NONE } from "./slots.ts";

/** Numbers of an agent: until when, since which version of the clients, of which quota. */
const WIDTH = 3;
export const NO_QUOTA = -1;

/**
 * Agents that a run found nobody to give to. That stays so until the agent's own resources change, a refusal that
 * was in the way runs out, or the quota changes where it was in the way; but for clients that changed since. This is
 * no state: what is forgotten is found out again.
 */
export class QuietAgents {
  #columns: Float64Array = new Float64Array(16 * WIDTH);

  /** Makes room for an agent, which is not quiet. */
  open(agent: number): void {
    this.#columns = grownFloats(this.#columns, (agent + 1) * WIDTH);
    this.end(agent);
  }

  /** `untilMs`: no refusal that was in the way ends before. `NO_QUOTA`: the quota was not in the way. */
  begin(agent: number, version: number, untilMs: number, quotaVersion: number): void {
    const at = agent * WIDTH;
    this.#columns[at] = untilMs;
    this.#columns[at + 1] = version;
    this.#columns[at + 2] = quotaVersion;
  }

  /** The agent's resources have changed. */
  end(agent: number): void {
    this.#columns[agent * WIDTH] = 0;
  }

  /** Only clients that changed after this version can be given something of the agent; NONE = anybody. */
  since(agent: number, monoMs: number, quotaVersion: number): number {
    const at = agent * WIDTH;
    if (monoMs >= this.#columns[at]!) return NONE;
    const quota = this.#columns[at + 2]!;
    return quota === NO_QUOTA || quota === quotaVersion ? this.#columns[at + 1]! : NONE;
  }

  untilMs(agent: number): number {
    return this.#columns[agent * WIDTH]!;
  }

  isByQuota(agent: number): boolean {
    return this.#columns[agent * WIDTH + 2] !== NO_QUOTA;
  }
}
