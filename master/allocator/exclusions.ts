import { assert } from "@bourse/model/assert";
import type { RoleConstraints } from "@bourse/model/constraints";
import type { AgentTable } from "./agents.ts";
import { type CompiledRole, compileRole, mayTakeAgent } from "./constraints.ts";

const UNKNOWN = 0;
const TAKEN = 1;
const EXCLUDED = 2;

/**
 * Which agents a pair does not want offers of, whatever is free there (FEATURES M-38). Each agent is held against each
 * pair's constraints once, when it is first asked about, and again when it or they change.
 */
export class Exclusions {
  readonly #agents: AgentTable;
  readonly #compiled: (CompiledRole | undefined)[] = [];
  /** By pair with constraints, a verdict by agent. */
  readonly #verdicts: (Uint8Array | undefined)[] = [];

  constructor(agents: AgentTable) {
    this.#agents = agents;
  }

  /** The constraints must be valid. */
  set(pair: number, constraints: RoleConstraints | undefined): void {
    if (constraints === undefined) {
      this.#compiled[pair] = undefined;
      this.#verdicts[pair] = undefined;
      return;
    }
    const compiled = compileRole(constraints);
    assert(typeof compiled !== "string", "offer constraints must be valid");
    this.#compiled[pair] = compiled;
    this.#verdicts[pair] = new Uint8Array(16);
  }

  /** Absent: the pair takes every agent. */
  of(pair: number): CompiledRole | undefined {
    return this.#compiled[pair];
  }

  isExcluded(pair: number, agent: number): boolean {
    const verdicts = this.#verdicts[pair];
    if (verdicts === undefined) return false;
    const known = agent < verdicts.length ? verdicts[agent]! : UNKNOWN;
    return (known === UNKNOWN ? this.#judge(pair, agent) : known) === EXCLUDED;
  }

  /** The agent is new in its slot, or its name, attributes or domain have changed. */
  forgetAgent(agent: number): void {
    for (const verdicts of this.#verdicts)
      if (verdicts !== undefined && agent < verdicts.length) verdicts[agent] = UNKNOWN;
  }

  #judge(pair: number, agent: number): number {
    const verdict = mayTakeAgent(this.#compiled[pair]!, this.#agents.about[agent]!)
      ? TAKEN
      : EXCLUDED;
    let verdicts = this.#verdicts[pair]!;
    if (agent >= verdicts.length) {
      const grown = new Uint8Array(Math.max(agent + 1, this.#agents.isActive.length));
      grown.set(verdicts);
      this.#verdicts[pair] = grown;
      verdicts = grown;
    }
    verdicts[agent] = verdict;
    return verdict;
  }
}
