import fc from "fast-check";
import { expect, test } from "vitest";
import {
  by,
  compare,
  type Demand,
  dominantShare,
  drf,
  type Fraction,
  fraction,
  largest,
  minus,
  plus,
  sum,
  times,
  writeFraction,
} from "./theory.ts";
import { fillByOffers } from "./theory-offers.ts";

/** DRF's properties as its paper lists them (CASES section 1), and how near discrete offers come to it. */
const anyDemand: fc.Arbitrary<Demand> = fc.tuple(
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 1, max: 9 }),
);
const anyDemands = fc.array(anyDemand, { minLength: 2, maxLength: 5 });
const anyCapacity = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 20, max: 60 })));

test("D15: machines filled one at a time leave no two dominant shares more than a task apart", () => {
  fc.assert(
    fc.property(
      anyDemands,
      fc.array(anyCapacity, { minLength: 1, maxLength: 3 }),
      (demands, machines) => {
        const capacity = [0, 1, 2].map((resource) =>
          machines.reduce((all, machine) => all + (machine[resource] ?? 0), 0),
        );
        const users = demands.map((demand, user) => ({ name: `u${user}`, demand }));
        const picked = fillByOffers(machines, users);
        const shares = users.map(({ name, demand }) =>
          times(
            fraction(picked.filter((one) => one === name).length),
            dominantShare(demand, capacity),
          ),
        );
        const task = largest(demands.map((demand) => dominantShare(demand, capacity)));
        const least = shares.reduce((low, one) => (compare(one, low) < 0 ? one : low));
        expect(compare(minus(largest(shares), least), task)).toBeLessThanOrEqual(0);
      },
    ),
    { numRuns: 60 },
  );
});

test("D16: on one machine the allocator ends within two tasks below and one above the continuous shares", () => {
  fc.assert(
    fc.property(anyDemands, anyCapacity, (demands, capacity) => {
      const users = demands.map((demand, user) => ({ name: `u${user}`, demand }));
      const picked = fillByOffers([capacity], users);
      const task = largest(demands.map((demand) => dominantShare(demand, capacity)));
      const tasks = drf(capacity, demands);
      users.forEach(({ name, demand }, user) => {
        const one = dominantShare(demand, capacity);
        const share = times(fraction(picked.filter((pick) => pick === name).length), one);
        const fair = times(tasks[user] as Fraction, one);
        expect(compare(share, plus(fair, task))).toBeLessThanOrEqual(0);
        expect(compare(plus(share, plus(task, task)), fair)).toBeGreaterThan(0);
      });
    }),
    { numRuns: 60 },
  );
});

/** What of one resource a number of tasks uses. */
const used = (tasks: readonly Fraction[], demands: readonly Demand[], resource: number) =>
  sum(tasks.map((count, user) => times(count, fraction(demands[user]?.[resource] ?? 0))));

/** How many of its own tasks a user could run with what somebody has. */
const worth = (demand: Demand, bundle: readonly Fraction[]) =>
  demand
    .map((amount, resource) => by(bundle[resource] as Fraction, fraction(amount)))
    .reduce((least, one) => (compare(one, least) < 0 ? one : least));

const bundleOf = (tasks: Fraction, demand: Demand) =>
  demand.map((amount) => times(tasks, fraction(amount)));

function property(
  holds: (
    demands: readonly Demand[],
    capacity: readonly number[],
    tasks: readonly Fraction[],
  ) => void,
): void {
  fc.assert(
    fc.property(anyDemands, anyCapacity, (demands, capacity) => {
      holds(demands, capacity, drf(capacity, demands));
    }),
    { numRuns: 100 },
  );
}

test("sharing incentive: nobody has less than an equal part of everything would give it", () => {
  property((demands, capacity, tasks) => {
    const part = capacity.map((amount) => fraction(amount, demands.length));
    demands.forEach((demand, user) => {
      expect(compare(tasks[user] as Fraction, worth(demand, part))).toBeGreaterThanOrEqual(0);
    });
  });
});

test("envy-freeness: nobody could run more tasks with what another has", () => {
  property((demands, _, tasks) => {
    for (const [user, demand] of demands.entries())
      for (const [other, theirs] of demands.entries()) {
        const envied = worth(demand, bundleOf(tasks[other] as Fraction, theirs));
        expect(compare(tasks[user] as Fraction, envied)).toBeGreaterThanOrEqual(0);
      }
  });
});

test("Pareto efficiency: some resource that everybody needs is used up", () => {
  property((demands, capacity, tasks) => {
    const isFull = capacity.map(
      (amount, resource) => compare(used(tasks, demands, resource), fraction(amount)) === 0,
    );
    expect(isFull).toContain(true);
  });
});

test("strategy-proofness: nobody runs more tasks by asking for something else than it needs", () => {
  fc.assert(
    fc.property(anyDemands, anyCapacity, anyDemand, (demands, capacity, lie) => {
      const [truth = []] = demands;
      const honest = drf(capacity, demands)[0] as Fraction;
      const lying = drf(capacity, [lie, ...demands.slice(1)])[0] as Fraction;
      expect(compare(honest, worth(truth, bundleOf(lying, lie)))).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 100 },
  );
});

test("single-resource fairness: with one resource everybody has the same part of it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
      (needs) => {
        const tasks = drf(
          [60],
          needs.map((need) => [need]),
        );
        needs.forEach((need, user) => {
          const part = times(tasks[user] as Fraction, fraction(need, 60));
          expect(writeFraction(part)).toBe(writeFraction(fraction(1, needs.length)));
        });
      },
    ),
  );
});

test("bottleneck fairness: who all need most of the same resource have the same part of it", () => {
  fc.assert(
    fc.property(anyDemands, (demands) => {
      const bottleneck = demands.map(([a = 0, b = 0, c = 0]): Demand => [Math.max(a, b, c), b, c]);
      const tasks = drf([40, 40, 40], bottleneck);
      bottleneck.forEach((demand, user) => {
        const part = times(tasks[user] as Fraction, fraction(demand[0] as number, 40));
        expect(writeFraction(part)).toBe(writeFraction(fraction(1, demands.length)));
      });
    }),
    { numRuns: 100 },
  );
});

test("population monotonicity: nobody loses when somebody leaves", () => {
  property((demands, capacity, tasks) => {
    const fewer = drf(capacity, demands.slice(0, -1));
    fewer.forEach((after, user) => {
      expect(compare(after, tasks[user] as Fraction)).toBeGreaterThanOrEqual(0);
    });
  });
});
