import { expect, test } from "vitest";
import {
  assetFairness,
  ceei,
  type Demand,
  dominantShare,
  drf,
  type Fraction,
  fraction,
  readFraction,
  times,
  writeFraction,
} from "./theory.ts";
import { fillByOffers } from "./theory-offers.ts";

/** The worked examples of the DRF paper (CASES section 1). */
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
