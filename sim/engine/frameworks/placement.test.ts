import type { Offer } from "@bourse/model/offer";
import { Random } from "@bourse/model/random";
import { describe, expect, test } from "vitest";
import type { LoadRow } from "../scenario/load-row.ts";
import type { PlacementRule } from "../scenario/scenario.ts";
import { BatchPolicy } from "./batch-policy.ts";
import {
  batch,
  launched,
  launchText,
  offer,
  placedBy,
  row,
  Told,
  type Units,
} from "./testing/offers.ts";

/** What a framework with this rule and this load launches where, when all the offers come together. */
function placed(rule: PlacementRule, load: readonly LoadRow[], offers: readonly Offer[]): string {
  return launchText(toldOf(rule, load).offer(...offers));
}

function toldOf(rule: PlacementRule, load: readonly LoadRow[]): Told {
  const spec = batch(load, { placement: placedBy(rule) });
  const driver = new Told(
    new BatchPolicy({ spec, role: "r", random: Random.fromSeed("1"), meter: null }),
  );
  driver.subscribe();
  return driver;
}

test("every rule places as many tasks as fit, one call for each agent, and declines the rest", () => {
  const rules = ["random", "spread", "best-fit", "dot-product", "gpu-packing"] as const;
  for (const rule of [...rules, "gpu-clustering", "fragmentation"] as const) {
    const driver = toldOf(rule, [row({ cpus: 2 }, { count: 5 }), row({ cpus: 9 })]);
    const calls = driver.offer(
      ...["a", "b", "c"].map((id) => offer(id, { cpus: 5 })),
      offer("d", { cpus: 1 }),
    );
    expect(launched(calls), rule).toHaveLength(5);
    const accepts = calls.filter(({ kind }) => kind === "accept");
    expect(accepts.length, rule).toBeLessThanOrEqual(3);
    expect(calls.at(-1), rule).toMatchObject({ kind: "decline", filters: {} });
  }
});

test("a task that fits nowhere holds up nobody behind it", () => {
  const load = [row({ cpus: 9 }), row({ cpus: 1 }, { count: 2 }), row({ cpus: 9 })];
  expect(placed("best-fit", load, [offer("a", { cpus: 2 })])).toBe("t1@a t2@a");
});

test("several offers of one agent are used as one", () => {
  const calls = toldOf("best-fit", [row({ cpus: 4 })]).offer(
    offer("a", { cpus: 3 }),
    offer("a", { cpus: 3 }),
  );
  expect(calls[0]).toMatchObject({ kind: "accept" });
  expect(calls[0]).toHaveProperty("offerIds.length", 2);
});

test("random: anywhere, and not always in the same place", () => {
  const offers = ["a", "b", "c", "d"].map((id) => offer(id, { cpus: 100 }));
  const text = placed("random", [row({ cpus: 1 }, { count: 40 })], offers);
  for (const agent of ["a", "b", "c", "d"]) expect(text).toContain(`@${agent}`);
});

describe("spread", () => {
  const zone = (name: string) => ({ domain: { region: "r", zone: name } });

  test("the zone with the fewest tasks of the framework, and there the agent with the fewest", () => {
    const driver = toldOf("spread", [
      row({ cpus: 1 }, { count: 4 }),
      row({ cpus: 1 }, { atMs: 1_000 }),
    ]);
    const offers = () => [
      offer("a1", { cpus: 9 }, zone("a")),
      offer("a2", { cpus: 9 }, zone("a")),
      offer("b1", { cpus: 9 }, zone("b")),
    ];
    const text = launchText(driver.offer(...offers()));
    expect(text.match(/@b1/g)).toHaveLength(2);
    expect(text.match(/@a1/g)).toHaveLength(1);
    expect(text.match(/@a2/g)).toHaveLength(1);
    // Later offers are judged by what is there already, and by what has ended since.
    const [onB] = /t(\d)(?=@b1)/.exec(text) ?? ["t0"];
    driver.update(onB, "TASK_FINISHED", "b1");
    driver.at(1_000);
    expect(launchText(driver.offer(...offers()))).toBe("t4@b1");
  });
});

describe("vector rules, on cpus and memory where nobody wants GPUs", () => {
  const small: Units = { cpus: 4, mem: 4 };
  const large: Units = { cpus: 8, mem: 8 };

  test("best-fit: where least is left", () => {
    const offers = [offer("a", large), offer("b", small)];
    expect(placed("best-fit", [row({ cpus: 2, mem: 2 })], offers)).toBe("t0@b");
  });

  test("dot-product: where what is wanted meets least of what is free", () => {
    const offers = [offer("a", { cpus: 8, mem: 2 }), offer("b", { cpus: 2, mem: 8 })];
    expect(placed("dot-product", [row({ cpus: 2, mem: 0.5 })], offers)).toBe("t0@b");
  });

  test("of equal agents the first by name", () => {
    const offers = [offer("b", small), offer("a", small)];
    expect(placed("best-fit", [row({ cpus: 1, mem: 1 })], offers)).toBe("t0@a");
  });
});

describe("GPU rules (CASES section 6)", () => {
  const part = (milli: number, more: Partial<LoadRow> = {}) =>
    row({ cpus: 1 }, { gpuMilli: milli, ...more });
  const free: Units = { cpus: 16, gpu0: 1, gpu1: 1 };
  const used: Units = { cpus: 16, gpu0: 0.5, gpu1: 1 };

  test("gpu-packing: GPUs in use first, then free ones of agents in use, then free agents", () => {
    const offers = () => [offer("free", free), offer("used", used)];
    expect(placed("gpu-packing", [part(400)], offers())).toBe("t0@used");
    expect(placed("gpu-packing", [part(700)], offers())).toBe("t0@used");
    expect(placed("gpu-packing", [row({ cpus: 1, gpus: 2 })], offers())).toBe("t0@free");
  });

  test("gpu-clustering: with tasks that want the same of GPUs, even on the next offers", () => {
    const driver = toldOf("gpu-clustering", [
      part(300, { count: 2 }),
      row({ cpus: 1, gpus: 1 }),
      part(100, { atMs: 1_000 }),
    ]);
    const offers = ["a", "b"].map((id) => offer(id, free));
    expect(launchText(driver.offer(...offers))).toBe("t0@a t1@a t2@b");
    driver.at(1_000);
    const later = [offer("a", { cpus: 9, gpu1: 1 }), offer("b", { cpus: 9, gpu1: 1 })];
    expect(launchText(driver.offer(...later))).toBe("t3@a");
  });

  test("fragmentation: where the tasks of the load can still use what is left", () => {
    // Nine in ten want a whole GPU: a part goes where the GPU is broken already.
    const load = [part(300), row({ cpus: 1, gpus: 1 }, { count: 9, atMs: 9_000 })];
    expect(placed("fragmentation", load, [offer("a", free), offer("b", used)])).toBe("t0@b");
  });

  test("fragmentation: models that others ask for by name are left alone", () => {
    const wanted = { gpuModels: ["V100"] };
    const load = [part(500), part(500, { ...wanted, count: 3, atMs: 9_000 })];
    const offers = [
      offer("a", free, { attributes: { gpu_model: "V100" } }),
      offer("b", free, { attributes: { gpu_model: "T4" } }),
    ];
    expect(placed("fragmentation", load, offers)).toBe("t0@b");
    expect(placed("fragmentation", [part(500)], offers)).toBe("t0@a");
  });
});
