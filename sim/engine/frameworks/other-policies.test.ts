import { describe, expect, test } from "vitest";
import { GreedyPolicy, type GreedySpec } from "./greedy-policy.ts";
import { HoarderPolicy } from "./hoarder-policy.ts";
import { IdlePolicy } from "./idle-policy.ts";
import { amountsOf, kindsOf, launched, launchText, offer, Told } from "./testing/offers.ts";

describe("greedy", () => {
  const spec: GreedySpec = { kind: "greedy", size: amountsOf({ cpus: 1, mem: 8 }), runMs: 500 };

  test("it takes an offer whole, in tasks of its size, and the next one as well", () => {
    const driver = new Told(new GreedyPolicy(spec));
    expect(launched(driver.offer(offer("a", { cpus: 3.5, mem: 99 })))).toHaveLength(3);
    expect(launchText(driver.offer(offer("b", { cpus: 9, mem: 16 })))).toBe("t4@b t5@b");
    expect(kindsOf(driver.offer(offer("c", { cpus: 9, mem: 7 })))).toBe("decline");
    expect(driver.policy.planOf?.("t4")).toEqual({ runMs: 500, exitCode: 0 });
  });

  test("its next life gives no task a name that was used before", () => {
    const driver = new Told(new GreedyPolicy(spec));
    driver.offer(offer("a", { cpus: 2, mem: 99 }));
    const next = new Told(GreedyPolicy.restore(spec, driver.policy.snapshot()));
    expect(launchText(next.offer(offer("a", { cpus: 1, mem: 99 })))).toBe("t3@a");
  });
});

describe("idle", () => {
  test("it declines everything for as long as it says", () => {
    const driver = new Told(new IdlePolicy({ kind: "idle", refuseMs: 7_000, isSuppressed: false }));
    expect(driver.subscribe()).toEqual([]);
    expect(driver.offer(offer("a", { cpus: 1 }), offer("b", { cpus: 1 }))).toMatchObject([
      { kind: "decline", filters: { refuseMs: 7_000 } },
    ]);
  });

  test("or suppresses as soon as it is there", () => {
    const driver = new Told(new IdlePolicy({ kind: "idle", refuseMs: 0, isSuppressed: true }));
    expect(kindsOf(driver.subscribe())).toBe("suppress");
  });
});

describe("hoarder", () => {
  test("it sits on its offers and gives each back after its time, to get it again (N-02)", () => {
    const driver = new Told(new HoarderPolicy({ kind: "hoarder", holdMs: 1_000 }));
    const [first, second, third] = [1, 2, 3].map(() => offer("a", { cpus: 1 }));
    if (first === undefined || second === undefined || third === undefined) throw new Error("no");
    expect(driver.offer(first, second)).toEqual([]);
    driver.tell({ kind: "rescind", offerId: second.offerId });
    driver.nowMs = 400;
    driver.offer(third);
    const answer = driver.at(1_000);
    expect(answer.calls).toEqual([
      { kind: "decline", offerIds: [first.offerId], filters: { refuseMs: 0 } },
    ]);
    expect(answer.wakeAtMs).toBe(1_400);
    driver.tell({ kind: "disconnected" });
    expect(driver.at(1_400).calls).toEqual([]);
  });
});
