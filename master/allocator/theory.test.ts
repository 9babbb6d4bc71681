import { Random } from "@bourse/model/random";
import { contains, type Resources, scalar, subtract } from "@bourse/model/resources";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import { ALLOCATOR_DEFAULTS } from "./options.ts";
import {
  assetFairness,
  by,
  ceei,
  compare,
  type Demand,
  dominantShare,
  drf,
  type Fraction,
  fraction,
  largest,
  minus,
  plus,
  readFraction,
  sum,
  times,
  writeFraction,
} from "./theory.ts";

/** The worked examples of the DRF paper (CASES section 1), and DRF's properties as the paper lists them. */
const text = (tasks: readonly Fraction[]) => tasks.map(writeFraction).join(" ");

test.each<[id: string, capacity: number[], demands: Demand[], weights: number[], tasks: string]>([
  [
    "D1",
    [9, 18],
    [
      [1, 4],
      [3, 1],
    ],
    [],
    "3 2",
  ],
  [
    "D6 (weights 2:1)",
    [9, 18],
    [
      [1, 4],
      [3, 1],
    ],
    [2, 1],
    "54/13 18/13",
  ],
  [
    "D7 (weights 1:2)",
    [9, 18],
    [
      [1, 4],
      [3, 1],
    ],
    [1, 2],
    "9/5 12/5",
  ],
  [
    "D8",
    [30, 30],
    [
      [1, 3],
      [1, 1],
    ],
    [],
    "5 15",
  ],
  [
    "D9",
    [21, 21],
    [
      [3, 2],
      [4, 1],
    ],
    [],
    "7/2 21/8",
  ],
  [
    "D10",
    [77, 77],
    [
      [4, 2],
      [1, 1],
    ],
    [],
    "77/8 77/2",
  ],
  [
    "D10 with twice as much of the second",
    [77, 154],
    [
      [4, 2],
      [1, 1],
    ],
    [],
    "77/8 77/2",
  ],
  [
    "D11",
    [100, 100],
    [
      [16, 1],
      [1, 2],
    ],
    [],
    "25/6 100/3",
  ],
  [
    "D11 when the first lies",
    [100, 100],
    [
      [16, 8],
      [1, 2],
    ],
    [],
    "25/6 100/3",
  ],
  [
    "D12",
    [100, 100],
    [
      [4, 1],
      [1, 16],
      [16, 1],
    ],
    [],
    "400/33 100/33 100/33",
  ],
  [
    "D12 when the third leaves",
    [100, 100],
    [
      [4, 1],
      [1, 16],
    ],
    [],
    "20 5",
  ],
  [
    "D13",
    [1, 1],
    [
      [2, 1],
      [1, 2],
    ],
    [],
    "1/3 1/3",
  ],
  [
    "D13 with four times as much of the second",
    [1, 4],
    [
      [2, 1],
      [1, 2],
    ],
    [],
    "1/4 1/2",
  ],
  [
    "E1, continuous",
    [192, 672],
    [
      [1, 10],
      [1, 1],
    ],
    [],
    "448/9 1280/9",
  ],
  [
    "E2, continuous",
    [192, 672],
    [
      [2, 4],
      [1, 3],
    ],
    [],
    "48 96",
  ],
  [
    "E3, continuous",
    [192, 672],
    [
      [1, 7],
      [1, 4],
    ],
    [],
    "48 84",
  ],
])("%s: DRF of %j among %j", (_, capacity, demands, weights, tasks) => {
  expect(text(drf(capacity, demands, weights))).toBe(tasks);
});

test.each<[id: string, capacity: number[], demands: Demand[], tasks: string]>([
  [
    "D4",
    [9, 18],
    [
      [1, 4],
      [3, 1],
    ],
    "63/25 54/25",
  ],
  [
    "D8",
    [30, 30],
    [
      [1, 3],
      [1, 1],
    ],
    "6 12",
  ],
  [
    "D9",
    [21, 21],
    [
      [3, 2],
      [4, 1],
    ],
    "3 3",
  ],
  [
    "D10",
    [77, 77],
    [
      [4, 2],
      [1, 1],
    ],
    "11 33",
  ],
  [
    "D10 with twice as much of the second",
    [77, 154],
    [
      [4, 2],
      [1, 1],
    ],
    "21/2 35",
  ],
])("%s: asset fairness of %j among %j", (_, capacity, demands, tasks) => {
  expect(text(assetFairness(capacity, demands))).toBe(tasks);
});

test.each<[id: string, capacity: number[], demands: Demand[], tasks: number[]]>([
  [
    "D5",
    [9, 18],
    [
      [1, 4],
      [3, 1],
    ],
    [45 / 11, 18 / 11],
  ],
  [
    "D11",
    [100, 100],
    [
      [16, 1],
      [1, 2],
    ],
    [100 / 31, 1500 / 31],
  ],
  [
    "D11 when the first lies",
    [100, 100],
    [
      [16, 8],
      [1, 2],
    ],
    [25 / 6, 100 / 3],
  ],
  [
    "D12 when the third leaves",
    [100, 100],
    [
      [4, 1],
      [1, 16],
    ],
    [23.8, 4.8],
  ],
  [
    "D12",
    [100, 100],
    [
      [4, 1],
      [1, 16],
      [16, 1],
    ],
    [11.3, 5.4, 3.1],
  ],
])("%s: competitive equilibrium of %j among %j", (id, capacity, demands, tasks) => {
  const digits = id.startsWith("D12") ? 1 : 9;
  ceei(capacity, demands).forEach((bought, user) => {
    expect(bought).toBeCloseTo(tasks[user] as number, digits);
  });
});

test("D14: who asks for more than it can use loses", () => {
  const others = Array.from({ length: 9 }, (): Demand => [0, 1]);
  expect(text(drf([1, 1], [[1, 0], ...others]))).toBe(["1", ...others.map(() => "1/9")].join(" "));
  expect(text(drf([1, 1], [[1, 1], ...others]))).toBe(
    ["1/10", ...others.map(() => "1/10")].join(" "),
  );
});

test.each<[id: string, first: string, second: string, picks: string, standing: string]>([
  ["D2", "2a", "1b", "1b 2a 2a 1b 2a", "0,1/3 2/9,1/3 4/9,1/3 4/9,2/3 2/3,2/3"],
  ["D3", "1a", "2b", "1a 2b 1a 2b 1a", "2/9,0 2/9,1/3 4/9,1/3 4/9,2/3 2/3,2/3"],
])(
  "%s: the allocator's offers fill 9 cpus and 18 GB as the paper's table does",
  (_, a, b, picks, standing) => {
    const users = [
      { name: a, demand: [1, 4] },
      { name: b, demand: [3, 1] },
    ];
    const picked = fillByOffers([[9, 18]], users);
    expect(picked.join(" ")).toBe(picks);
    const shares = picked.map((_, index) => {
      const tasks = picked.slice(0, index + 1);
      return users
        .map(({ name, demand }) => {
          const count = tasks.filter((task) => task === name).length;
          return writeFraction(times(fraction(count), dominantShare(demand, [9, 18])));
        })
        .join(",");
    });
    expect(shares.join(" ")).toBe(standing);
  },
);

test.each<[weights: number[], tasks: string]>([
  [[2, 1], "54/13 18/13"],
  [[1, 2], "9/5 12/5"],
])("D6, D7: with weights %j the allocator comes as near as tasks are small", (weights, tasks) => {
  const users = [
    { name: "a", demand: [1, 4], weight: weights[0] as number },
    { name: "b", demand: [3, 1], weight: weights[1] as number },
  ];
  const picked = fillByOffers([[900, 1800]], users);
  tasks.split(" ").forEach((expected, user) => {
    const count = picked.filter((name) => name === users[user]?.name).length;
    const { over, under } = readFraction(expected);
    expect(Math.abs(count - (100 * Number(over)) / Number(under))).toBeLessThan(3);
  });
});

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

/**
 * Lets users with one kind of task each live on the allocator's offers until the poorest one's next task fits no
 * more (the stop rule of the paper's algorithm), machine by machine. Returns who was served, in order.
 */
function fillByOffers(
  machines: readonly (readonly number[])[],
  users: readonly { readonly name: string; readonly demand: Demand; readonly weight?: number }[],
): readonly string[] {
  const config = { ...ALLOCATOR_DEFAULTS, minAllocatable: [] };
  const allocator = new Allocator({ random: Random.fromSeed(1), config });
  const now = { monoMs: 0, wallMs: 0 };
  for (const { name, weight } of users) {
    allocator.addFramework(name, { roles: [name], suppressedRoles: [], capabilities: [] });
    if (weight !== undefined) allocator.updateWeight(name, weight);
  }
  machines.forEach((machine, index) => {
    allocator.addAgent(`m${index}`, { total: amounts(machine), hostname: "h", attributes: [] }, []);
    allocator.deactivateAgent(`m${index}`);
  });
  const served: string[] = [];
  for (const index of machines.keys()) {
    allocator.activateAgent(`m${index}`);
    for (;;) {
      const [offer] = allocator.allocate(now, "changed");
      if (offer === undefined) break;
      const wanted = amounts(users.find(({ name }) => name === offer.frameworkId)?.demand ?? []);
      const isFit = contains(offer.resources, wanted);
      const resources = isFit ? subtract(offer.resources, wanted) : offer.resources;
      allocator.recover({ ...offer, resources }, { kind: "terminal" }, now);
      if (!isFit) break;
      served.push(offer.frameworkId);
    }
    allocator.deactivateAgent(`m${index}`);
  }
  return served;
}

function amounts(list: readonly number[]): Resources {
  return list.map((amount, index) =>
    scalar(["cpus", "disk", "mem"][index] as string, amount * 1000),
  );
}
