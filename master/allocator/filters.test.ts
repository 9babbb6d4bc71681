import { Random } from "@bourse/model/random";
import { contains, type Resources, scalar } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import fc from "fast-check";
import { expect, test } from "vitest";
import { amountOf } from "./amounts.ts";
import { type Filter, type FilterMoment, PASSES, PAUSED } from "./filters.ts";
import { ALLOCATOR_DEFAULTS } from "./options.ts";
import { NONE } from "./slots.ts";
import { Tables } from "./tables.ts";

/** So many that the table is made anew several times, and pairs that share a place. */
const AGENTS = 12;
const PAIRS = 20;
const TOTAL = parseResources("cpus:4;mem:64;ports:[1-10]");
const LISTS: readonly Resources[] = [
  TOTAL,
  ...["cpus:4", "cpus:1;mem:64", "cpus:2;ports:[1-4]", "cpus:4;mem:64;ports:[2-9]"].map((text) =>
    parseResources(text),
  ),
];

type Step =
  | { kind: "refuse"; agent: number; pair: number; list: number; refuseMs: number }
  | { kind: "clear-pair"; pair: number }
  | { kind: "clear-agent"; agent: number }
  | { kind: "use"; agent: number }
  | { kind: "run"; isPeriodic: boolean; ms: number };

const anyAgent = fc.nat(AGENTS - 1);
const anyPair = fc.nat(PAIRS - 1);
const anyList = fc.nat(LISTS.length - 1);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 100,
    arbitrary: fc.record({
      kind: fc.constant("refuse" as const),
      agent: anyAgent,
      pair: anyPair,
      list: anyList,
      refuseMs: fc.constantFrom(0, 1_000, 5_000, 60_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear-pair" as const), pair: anyPair }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("clear-agent" as const), agent: anyAgent }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("use" as const), agent: anyAgent }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("run" as const),
      isPeriodic: fc.boolean(),
      ms: fc.nat(2_000),
    }),
  },
);

/** The table, and beside it all filters ever made, in a list. */
class Twin {
  readonly #tables = new Tables(ALLOCATOR_DEFAULTS, {
    roles: Random.fromSeed(1),
    frameworks: Random.fromSeed(2),
  });
  #made: (Filter & { readonly agent: number })[] = [];
  #moment: FilterMoment = { monoMs: 0, runs: 0, isPeriodic: false };

  /** How often a note answered. */
  noted = 0;

  constructor() {
    for (let agent = 0; agent < AGENTS; agent++) {
      const about = { hostname: "h", attributes: [] };
      this.#tables.addAgent(`a${agent}`, { total: TOTAL, ...about });
    }
  }

  /** Two cpus of the agent are in use, or no more. */
  #use(agent: number): void {
    const { agents } = this.#tables;
    const entry = agents.entryOfResource(agent, scalar("cpus", 0));
    const known = agents.holdings.find(agent, 0);
    const holding = known === NONE ? agents.holdings.open(agent, 0) : known;
    if (agents.holdings.isEmpty(holding)) agents.hold(agent, holding, entry, 2_000);
    else agents.release(agent, holding, entry, 2_000);
  }

  apply(step: Step): void {
    const { filters } = this.#tables;
    switch (step.kind) {
      case "refuse": {
        const filter: Filter = {
          kind: step.refuseMs === 0 ? "pause" : "refusal",
          pair: step.pair,
          resources: LISTS[step.list] as Resources,
          expiresAtMs: this.#moment.monoMs + Math.max(1_000, step.refuseMs),
          madeAfterRuns: this.#moment.runs,
        };
        filters.add(step.agent, filter, this.#moment);
        this.#made.push({ ...filter, agent: step.agent });
        return;
      }
      case "clear-pair":
        filters.clearPair(step.pair);
        this.#made = this.#made.filter(({ pair }) => pair !== step.pair);
        return;
      case "clear-agent":
        filters.clearAgent(step.agent);
        this.#made = this.#made.filter(({ agent }) => agent !== step.agent);
        return;
      case "use":
        this.#use(step.agent);
        return;
      case "run": {
        const { monoMs, runs } = this.#moment;
        this.compare(step.isPeriodic);
        const ended = step.isPeriodic ? runs + 1 : runs;
        this.#moment = { monoMs: monoMs + step.ms, runs: ended, isPeriodic: false };
      }
    }
  }

  /** What each pair is withheld of each list on each agent. */
  compare(isPeriodic: boolean): void {
    const moment = { ...this.#moment, isPeriodic };
    const wrong: unknown[] = [];
    for (let agent = 0; agent < AGENTS; agent++)
      for (let pair = 0; pair < PAIRS; pair++)
        for (const list of [this.#tables.agents.freeOf(agent), ...LISTS])
          if (!this.#isRight(agent, pair, list, moment)) wrong.push({ agent, pair, list, moment });
    expect(wrong).toEqual([]);
  }

  #isRight(agent: number, pair: number, list: Resources, moment: FilterMoment): boolean {
    const { agents, filters } = this.#tables;
    const amounts = new Float64Array(agents.width);
    const values = [];
    for (const resource of list) {
      const entry = agents.entryOfResource(agent, resource);
      amounts[entry] = amountOf(resource.value);
      if (resource.value.type !== "scalar") values[entry] = resource.value;
    }
    const inTheWay = this.#made.filter(
      (filter) =>
        filter.agent === agent &&
        filter.pair === pair &&
        isInForce(filter, moment) &&
        contains(filter.resources, list),
    );
    filters.startAgent(agent);
    const notedMs = filters.notedUntilMs(pair, moment.monoMs);
    if (notedMs !== PASSES && contains(agents.freeOf(agent), list)) {
      this.noted++;
      return inTheWay.some(({ expiresAtMs }) => expiresAtMs >= notedMs);
    }
    const untilMs = filters.withheldUntilMs(agent, pair, amounts, values, moment);
    if (untilMs === PASSES) return inTheWay.length === 0;
    return inTheWay.some(
      ({ kind, expiresAtMs }) => untilMs === (kind === "pause" ? PAUSED : expiresAtMs),
    );
  }
}

function isInForce(filter: Filter, { monoMs, runs, isPeriodic }: FilterMoment): boolean {
  const isUntouched = filter.madeAfterRuns === runs;
  if (filter.kind === "pause") return isUntouched && !isPeriodic;
  return isUntouched || monoMs < filter.expiresAtMs;
}

test("withholds what some filter in force holds, however many there are and were (M-25)", () => {
  let noted = 0;
  const anySteps = fc.array(anyStep, { minLength: 150, maxLength: 250, size: "max" });
  fc.assert(
    fc.property(anySteps, (steps) => {
      const twin = new Twin();
      for (const step of steps) twin.apply(step);
      twin.compare(false);
      twin.compare(true);
      noted += twin.noted;
    }),
    { numRuns: 10 },
  );
  expect(noted).toBeGreaterThan(1_000);
});
