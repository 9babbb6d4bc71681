import type { Allocator } from "@bourse/allocator/allocator";
import { assert } from "@bourse/model/assert";
import type { Now } from "@bourse/model/now";
import { addAll, canonical, contains, scalar, subtract } from "@bourse/model/resources";
import { benchCluster, frameworkIdOf, type Held, roleOf } from "./allocator-cluster.ts";
import {
  type AllocatorCell,
  type AllocatorRow,
  type AllocatorWork,
  FILTERS_MAX,
  HEAP_AGENTS,
} from "./allocator-rows.ts";
import { collectedBytes, garbageBytes, retainedBytes } from "./heap.ts";
import { median, quantile } from "./yardstick.ts";

/**
 * One cell of the allocator's bench, in a process of its own: the cell as JSON in, rows as JSON out. Needs
 * `--expose-gc`.
 */
const HOT_LOOP_REPEATS = 100;
/** A loop is measured for so long, after a third of it unmeasured; at least so often and at most so often. */
const MEASURE_MS = 700;
const ROUNDS_MIN = 7;
const ROUNDS_MAX = 300;
const FREED_ROUNDS = 30_000;
/** A round is a cluster's life; there must be enough of them before for the compiler. */
const PLACE_MS = 4_000;
const TASKS = 100_000;
const REFUSE_MS = 1e12;
const ASKED_AGENTS_MAX = 1_000;

/** Virtual time: a second passes before every run. */
class Clock {
  now: Now = { monoMs: 1_000, wallMs: 1_000 };

  tick(): Now {
    const monoMs = this.now.monoMs + 1_000;
    this.now = { monoMs, wallMs: monoMs };
    return this.now;
  }
}

function measureCell(cell: AllocatorCell): readonly AllocatorRow[] {
  switch (cell.kind) {
    case "cycle":
      return measureCycles(cell);
    case "freed":
      return [
        measureFreed(cell, "one-agent-freed", false),
        measureFreed(cell, "one-agent-freed-ports", true),
      ];
    case "place":
      return [measurePlacing(cell, "place-100k-1", 1), measurePlacing(cell, "place-100k-10", 10)];
  }
}

function measureCycles(cell: AllocatorCell): readonly AllocatorRow[] {
  const clock = new Clock();
  const { allocator } = benchCluster({ ...cell, hasPorts: cell.variant === "used" });
  const offerMs: number[] = [];
  const recoverMs: number[] = [];
  const round = (): void => {
    const now = clock.tick();
    const startMs = performance.now();
    const offers = allocator.allocate(now, "all");
    const offeredMs = performance.now();
    for (const offer of offers) allocator.recover(offer, { kind: "terminal" }, now);
    recoverMs.push(performance.now() - offeredMs);
    offerMs.push(offeredMs - startMs);
    assert(offers.length === cell.agents, "every agent must be offered, whole");
  };
  repeat(round, MEASURE_MS, offerMs, recoverMs);
  // A round on the largest clusters takes so long that a tenth must do.
  const repeats = cell.agents > HEAP_AGENTS ? HOT_LOOP_REPEATS / 10 : HOT_LOOP_REPEATS;
  const bothBytes = retainedBytes(round, repeats) * (HOT_LOOP_REPEATS / repeats);
  const rows = [
    rowOf(cell, "offer-all", offerMs, bothBytes),
    rowOf(cell, "recover-all", recoverMs, bothBytes),
  ];
  const offers = allocator.allocate(clock.tick(), "all");
  const run = (): number => allocator.allocate(clock.tick(), "all").length;
  rows.push(measureIdle(cell, "all-offered", run));
  if (cell.agents * cell.frameworks > FILTERS_MAX || cell.variant !== "used") return rows;
  for (const offer of offers) allocator.recover(offer, { kind: "terminal" }, clock.now);
  refuseAll(allocator, cell, clock);
  assert(
    allocator.countFilters(clock.now) === cell.agents * cell.frameworks,
    "every framework must have refused every agent",
  );
  const filtered = measureIdle(cell, "all-filtered", run);
  if (cell.agents > ASKED_AGENTS_MAX) return [...rows, filtered];
  // Nobody is passed over because nothing has changed: every filter is looked at again.
  const askAnew = (): void => {
    for (let index = 0; index < cell.frameworks; index++) setAsking(allocator, cell, index, true);
  };
  const { medianMs: askedMedianMs } = measureIdle(cell, "all-filtered", run, askAnew);
  return [...rows, { ...filtered, askedMedianMs }];
}

/** Every framework refuses every agent, one framework after the other: the others ask for nothing meanwhile. */
function refuseAll(allocator: Allocator, cell: AllocatorCell, clock: Clock): void {
  for (let index = 0; index < cell.frameworks; index++) setAsking(allocator, cell, index, false);
  for (let index = 0; index < cell.frameworks; index++) {
    setAsking(allocator, cell, index, true);
    for (const offer of allocator.allocate(clock.tick(), "all"))
      allocator.recover(offer, { kind: "declined", refuseMs: REFUSE_MS }, clock.now);
    setAsking(allocator, cell, index, false);
  }
  for (let index = 0; index < cell.frameworks; index++) setAsking(allocator, cell, index, true);
}

/** Unlike a revival this leaves filters as they are. */
function setAsking(
  allocator: Allocator,
  cell: AllocatorCell,
  framework: number,
  isAsking: boolean,
): void {
  const role = roleOf(cell, framework);
  allocator.updateFramework(frameworkIdOf(framework), {
    roles: [role],
    suppressedRoles: isAsking ? [] : [role],
    capabilities: [],
  });
}

/** A periodic run that offers nothing: what it leaves on the heap, it leaves there for nothing. */
function measureIdle(
  cell: AllocatorCell,
  work: AllocatorWork,
  run: () => number,
  prepare: () => void = () => {},
): AllocatorRow {
  const times: number[] = [];
  const round = (): void => {
    prepare();
    const startMs = performance.now();
    const count = run();
    times.push(performance.now() - startMs);
    assert(count === 0, "nothing must be offered");
  };
  repeat(round, MEASURE_MS, times);
  const bytes = garbageBytes(() => void run(), HOT_LOOP_REPEATS);
  return rowOf(cell, work, times, bytes);
}

/** A task ends on a full cluster, and at the end of the batch what it held is offered to whoever is poorest. */
function measureFreed(cell: AllocatorCell, work: AllocatorWork, hasPorts: boolean): AllocatorRow {
  const clock = new Clock();
  const cluster = benchCluster({ ...cell, hasPorts });
  const { allocator } = cluster;
  const held: Held[] = Array.from(cluster.held);
  // New agents and frameworks are changes, too: they are over before the clock runs.
  allocator.allocate(clock.tick(), "all");
  allocator.allocate(clock.tick(), "changed");
  let state = 1;
  const freeOne = (): void => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const index = Math.floor((state / 4_294_967_296) * held.length);
    allocator.recover(held[index] as Held, { kind: "terminal" }, clock.now);
    const offers = allocator.allocate(clock.now, "changed");
    assert(offers.length === 1, "what became free must be offered");
    held[index] = offers[0] as Held;
  };
  for (let round = 0; round < FREED_ROUNDS / 3; round++) freeOne();
  const times = new Float64Array(FREED_ROUNDS);
  for (let round = 0; round < FREED_ROUNDS; round++) {
    const startMs = performance.now();
    freeOne();
    times[round] = performance.now() - startMs;
  }
  return rowOf(cell, work, times, retainedBytes(freeOne, HOT_LOOP_REPEATS));
}

/**
 * Tasks through offers until all run: every run offers what is free, each offer takes so many tasks, the rest comes
 * back without a filter. The tasks of an offer are taken from it as one amount.
 */
function measurePlacing(
  cell: AllocatorCell,
  work: AllocatorWork,
  tasksPerOffer: number,
): AllocatorRow {
  const task = canonical([scalar("cpus", 100), scalar("mem", 100_000)]);
  const wanted = addAll(Array.from({ length: tasksPerOffer }, () => task));
  const times: number[] = [];
  const round = (): void => {
    const clock = new Clock();
    const { allocator } = benchCluster({ ...cell, hasPorts: false });
    const startMs = performance.now();
    let placed = 0;
    while (placed < TASKS) {
      const now = clock.tick();
      for (const offer of allocator.allocate(now, "all")) {
        const { agentId, frameworkId, role, resources } = offer;
        assert(contains(resources, wanted), "an offer must have room for its tasks");
        placed += tasksPerOffer;
        const rest = { agentId, frameworkId, role, resources: subtract(resources, wanted) };
        allocator.recover(rest, { kind: "terminal" }, now);
      }
    }
    times.push(performance.now() - startMs);
    const isFull = allocator.allocate(clock.tick(), "all").length === 0;
    assert(isFull, "100,000 tasks must fill the cluster");
  };
  repeat(round, PLACE_MS, times);
  const firstBytes = collectedBytes();
  round();
  const growthBytes = Math.max(0, collectedBytes() - firstBytes);
  return rowOf(cell, work, times, growthBytes);
}

/** Repeats until the time is up; `times` are emptied after the part that is for the compiler. */
function repeat(round: () => void, measureMs: number, ...times: number[][]): void {
  const startMs = performance.now();
  for (let count = 0; count < ROUNDS_MIN || performance.now() - startMs < measureMs / 3; count++) {
    round();
  }
  for (const list of times) list.length = 0;
  const measuredFromMs = performance.now();
  for (let count = 0; count < ROUNDS_MAX; count++) {
    if (count >= ROUNDS_MIN && performance.now() - measuredFromMs > measureMs) return;
    round();
  }
}

function rowOf(
  cell: AllocatorCell,
  work: AllocatorWork,
  times: ArrayLike<number>,
  heapGrowthBytes: number,
): AllocatorRow {
  const { agents, frameworks, roles, variant } = cell;
  return {
    work,
    agents,
    frameworks,
    roles,
    medianMs: median(times),
    p99Ms: quantile(times, 0.99),
    heapGrowthBytes,
    variant,
    minMs: quantile(times, 0),
    rounds: times.length,
  };
}

const cell = JSON.parse(process.argv[2] ?? "{}") as AllocatorCell;
process.stdout.write(JSON.stringify(measureCell(cell)));
