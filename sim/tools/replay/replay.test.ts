import { Cluster } from "@bourse/cluster/cluster";
import type { Effects } from "@bourse/cluster/effects";
import type { ClusterInput } from "@bourse/cluster/inputs";
import { RollingHash } from "@bourse/model/hash";
import type { Now } from "@bourse/model/now";
import { describe, expect, test } from "vitest";
import { Bisector } from "./bisect.ts";
import { conditionOf } from "./condition.ts";
import { Crossings } from "./crossings.ts";
import type { Comparison, Incident, InputRecord } from "./incident.ts";
import { recordIncident } from "./testing/recorded-incident.ts";
import { Stop, untilOf } from "./until.ts";
import { walk } from "./walk.ts";

/** Two agents and one framework; at 20 s agent a-1 is cut off, at 60 s it is back. */
const RECORDED = recordIncident();
const inputs = RECORDED.records.length;

describe("replay of a whole journal (A-3)", () => {
  test("applies every input and finds every hash again", async () => {
    const result = await walk(incidentOf(), { visitors: [] });
    expect(result.isStopped).toBe(false);
    expect(result.files).toMatchObject([{ inputs, difference: null, failure: null }]);
    expect(result.files[0]?.stateHash).toBe(RECORDED.stateHash);
  });

  test("goes on from one file to the next, and refuses a file that does not follow", async () => {
    const half = Math.floor(inputs / 2);
    const result = await walk(incidentOf({ cutAt: half }), { visitors: [] });
    expect(result.files.map((file) => [file.inputsBefore, file.inputs])).toEqual([
      [0, half],
      [half, inputs - half],
    ]);
    expect(result.here.position).toBe(inputs);
    const wrong = incidentOf({
      cutAt: half,
      secondStart: (cluster) => void cluster.apply(at(0), WAKE),
    });
    await expect(walk(wrong, { visitors: [] })).rejects.toThrow("does not begin with the state");
  });
});

describe("--until", () => {
  test.each([
    ["1234", { kind: "position", epoch: null, position: 1_234 }],
    ["3.1234", { kind: "position", epoch: 3, position: 1_234 }],
    ["+90s", { kind: "offset", offsetMs: 90_000 }],
    ["1.5m", { kind: "offset", offsetMs: 90_000 }],
    ["2026-01-01T00:00:30Z", { kind: "time", wallMs: 1_767_225_630_000 }],
  ])("%s is a moment", (text, until) => expect(untilOf(text)).toEqual(until));

  test.each(["", "soon", "-5", "1e3", "3.", "12 apples"])("%j is none", (text) =>
    expect(() => untilOf(text)).toThrow("is no moment"),
  );

  test("a position stops after that input", async () => {
    const stop = new Stop(untilOf("17"));
    const { here } = await walk(incidentOf(), { visitors: [stop] });
    expect(here.position).toBe(17);
    expect(stop.isReached).toBe(true);
  });

  test("a time stops before the first later input, the same as the offset to it", async () => {
    const later = await walk(incidentOf(), { visitors: [new Stop(untilOf("+30s"))] });
    expect(later.here.now.monoMs).toBeLessThanOrEqual(30_000);
    const next = RECORDED.records[later.here.position] as InputRecord;
    expect(next.now.monoMs).toBeGreaterThan(30_000);
    const time = new Stop(untilOf("2026-01-01T00:00:30Z"));
    const same = await walk(incidentOf(), { visitors: [time] });
    expect(same.here.position).toBe(later.here.position);
  });

  test("a moment behind the end is not reached", async () => {
    const stop = new Stop(untilOf("+1d"));
    const result = await walk(incidentOf(), { visitors: [stop] });
    expect([stop.isReached, result.isStopped]).toEqual([false, false]);
  });
});

describe("--when", () => {
  test("tells every time at which a condition came true or ceased to hold", async () => {
    const crossings = await crossingsOf("agent a-1 is unreachable");
    expect(crossings.map(({ holds }) => holds)).toEqual([true, false]);
    const [lost, back] = crossings.map(({ now }) => now.monoMs);
    expect(lost).toBeGreaterThan(20_000);
    expect(back).toBeGreaterThanOrEqual(60_000);
  });

  test("a duration counts from when it began to hold", async () => {
    const [[lost], [late]] = await Promise.all([
      crossingsOf("agent a-1 is unreachable"),
      crossingsOf("agent a-1 is unreachable for 10s"),
    ]);
    expect((late?.now.monoMs ?? 0) - (lost?.now.monoMs ?? 0)).toBeGreaterThanOrEqual(10_000);
    expect(await crossingsOf("agent a-1 is unreachable for 10m")).toEqual([]);
  });

  test.each([
    ["framework web is active", [true]],
    ["framework web is not active", []],
    ["framework web has offers for 1h", []],
    ["agent a-2 is gone", []],
  ])("%s", async (text, holds) => {
    expect((await crossingsOf(text)).map((one) => one.holds)).toEqual(holds);
  });

  test("a task is followed until after its end, as its framework is told", async () => {
    const [lost] = await crossingsOf(`task ${taskOnFirst()} is unreachable`);
    expect(lost?.holds).toBe(true);
  });

  test("a condition on nothing that was ever there knows it", async () => {
    const condition = conditionOf("agent nobody is unreachable");
    await walk(incidentOf(), { visitors: [new Crossings(condition)] });
    expect(condition.hasSubject).toBe(false);
  });

  test.each([
    "",
    "agent",
    "agent a is",
    "agent a is happy",
    "task t is TASK_HAPPY",
    "node a is gone",
    "framework f has many offers",
    "agent a is gone for ever",
    "agent a is gone away",
  ])("%j is no condition", (text) => expect(() => conditionOf(text)).toThrow("--when"));
});

describe("--bisect", () => {
  test("finds the input after which a condition first holds, and what it changed", async () => {
    const finding = await bisect(conditionOf("agent a-1 is unreachable"));
    expect(finding).toMatchObject({ title: "wake", what: "agent a-1 is unreachable" });
    expect(finding?.changes).toEqual(
      expect.arrayContaining([expect.stringMatching(/^agent .*: active -> unreachable/)]),
    );
    expect(finding?.changes.join("\n")).toMatch(/^task .*: TASK_RUNNING -> TASK_UNREACHABLE/m);
    expect(finding?.before).toHaveLength(5);
    const { here } = await walk(incidentOf(), {
      visitors: [new Stop(untilOf(String((finding?.position ?? 0) - 1)))],
    });
    expect(conditionOf("agent a-1 is unreachable").holds(here.cluster, here.now)).toBe(false);
  });

  test("finds nothing in a journal in which all is well", async () => {
    expect(await bisect(null)).toBeNull();
  });

  test.each([7, 400, 1_001, inputs - 1])(
    "finds the very input (%i) that broke an invariant which nothing touched",
    async (broken) => {
      const finding = await bisect(null, (cluster) => new BrokenCluster(cluster, broken));
      expect(finding?.position).toBe(broken);
      expect(finding?.what).toMatch(/but 1000 are counted/);
    },
  );

  test("finds the input whose effects are not those that the master had", async () => {
    const finding = await bisect(null, undefined, 300);
    expect(finding).toMatchObject({ what: "other effects after input 300" });
  });
});

// ---- an incident from a simulated master ----

interface IncidentOptions {
  /** So many inputs in a first file, the rest in a second one. */
  readonly cutAt?: number;
  readonly secondStart?: (cluster: Cluster) => void;
  readonly core?: (cluster: Cluster) => Cluster;
  /** The file says something else of the effects of this input. */
  readonly otherEffectsAt?: number;
}

function incidentOf(options: IncidentOptions = {}): Incident {
  const cuts = [0, ...(options.cutAt === undefined ? [] : [options.cutAt]), inputs];
  return {
    titleOf,
    files: cuts.slice(1).map((to, index) => ({
      name: `part ${index + 1}`,
      open: async () => {
        const from = cuts[index] as number;
        const cluster = clusterAt(from);
        if (index === 1) options.secondStart?.(cluster);
        return {
          build: "test",
          epoch: 1,
          seed: "1",
          inputsBefore: from,
          config: RECORDED.start.config,
          revive: () => options.core?.(cluster) ?? cluster,
          compare: () => new PlantedDifference(options.otherEffectsAt ?? -1),
          records: RECORDED.records.slice(from, to),
          fraction: 0,
          isTorn: false,
        };
      },
    })),
  };
}

function clusterAt(position: number): Cluster {
  const cluster = new Cluster(RECORDED.start);
  for (const { now, input } of RECORDED.records.slice(0, position)) cluster.apply(now, input);
  return cluster;
}

/** As the comparison of journals does it, with a hash that is not looked at but for one planted difference. */
class PlantedDifference implements Comparison {
  readonly #at: number;
  #latest = "";
  #position = 0;
  difference: string | null = null;

  constructor(at: number) {
    this.#at = at;
  }

  beforeInput(record: InputRecord, title: string): void {
    this.#latest = title;
    this.#position = record.check + 1;
  }

  afterInput(): void {
    if (this.#position === this.#at) {
      this.difference = `other effects after ${this.#latest.replace(/ \(.*/, "")}`;
    }
  }

  atEnd(): void {}

  digest(): string {
    return new RollingHash().digest();
  }
}

/** A core with a bug: with its n-th input it loses count of its tasks, which only a walk over everything sees. */
class BrokenCluster extends Cluster {
  readonly #at: number;

  constructor(cluster: Cluster, at: number) {
    super(RECORDED.start, cluster.state);
    this.#at = at;
  }

  override apply(now: Now, input: ClusterInput): Effects {
    const effects = super.apply(now, input);
    if (this.state.counters.inputs !== this.#at) return effects;
    for (const state of this.state.taskCounts.keys()) this.state.taskCounts.set(state, 1_000);
    this.state.taskCounts.set("TASK_LOST", 1_000);
    return effects;
  }
}

async function bisect(
  condition: ReturnType<typeof conditionOf> | null,
  core: (cluster: Cluster) => Cluster = (cluster) => cluster,
  otherEffectsAt?: number,
) {
  const bisector = new Bisector(condition, {
    titleOf,
    restore: (snapshot, start) => core(Cluster.restore(snapshot, start)),
  });
  const options = otherEffectsAt === undefined ? { core } : { core, otherEffectsAt };
  await walk(incidentOf(options), { visitors: [bisector] });
  return bisector.finding;
}

async function crossingsOf(text: string) {
  const crossings = new Crossings(conditionOf(text));
  await walk(incidentOf(), { visitors: [crossings] });
  return crossings.list;
}

function taskOnFirst(): string {
  for (const { input } of RECORDED.records) {
    if (input.kind !== "agent-message" || input.message.kind !== "update") continue;
    return input.message.update.status.taskId;
  }
  return "";
}

function titleOf(input: ClusterInput): string {
  return input.kind;
}

const WAKE: ClusterInput = { kind: "wake", principal: null };

function at(monoMs: number): Now {
  return { monoMs, wallMs: monoMs };
}
