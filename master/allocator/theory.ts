/**
 * Fair division as the papers define it (CASES section 1), in exact fractions: what the allocator's discrete
 * decisions are measured against. Only tests use it.
 */
export interface Fraction {
  readonly over: bigint;
  /** Positive. */
  readonly under: bigint;
}

export const ZERO: Fraction = { over: 0n, under: 1n };

export function fraction(over: number | bigint, under: number | bigint = 1): Fraction {
  return reduced(BigInt(over), BigInt(under));
}

/** `63/25`. */
export function readFraction(text: string): Fraction {
  const [over = "", under = "1"] = text.split("/");
  return fraction(BigInt(over), BigInt(under));
}

export function writeFraction({ over, under }: Fraction): string {
  return under === 1n ? String(over) : `${over}/${under}`;
}

export function plus(a: Fraction, b: Fraction): Fraction {
  return reduced(a.over * b.under + b.over * a.under, a.under * b.under);
}

export function minus(a: Fraction, b: Fraction): Fraction {
  return plus(a, { over: -b.over, under: b.under });
}

export function times(a: Fraction, b: Fraction): Fraction {
  return reduced(a.over * b.over, a.under * b.under);
}

export function by(a: Fraction, b: Fraction): Fraction {
  return reduced(a.over * b.under, a.under * b.over);
}

/** Negative when a < b. */
export function compare(a: Fraction, b: Fraction): number {
  const difference = a.over * b.under - b.over * a.under;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function sum(list: readonly Fraction[]): Fraction {
  return list.reduce(plus, ZERO);
}

export function largest(list: readonly Fraction[]): Fraction {
  return list.reduce((most, one) => (compare(one, most) > 0 ? one : most), ZERO);
}

/** What one task of a user needs of each resource. */
export type Demand = readonly number[];

/** Of one task: the largest part of any resource that it needs. */
export function dominantShare(demand: Demand, capacity: readonly number[]): Fraction {
  return largest(demand.map((amount, index) => fraction(amount, capacity[index])));
}

/** Of one task: the parts of all resources together, as asset fairness counts. */
function assetShare(demand: Demand, capacity: readonly number[]): Fraction {
  return sum(demand.map((amount, index) => fraction(amount, capacity[index])));
}

/** Tasks of each user under dominant resource fairness, tasks being divisible. */
export function drf(
  capacity: readonly number[],
  demands: readonly Demand[],
  weights: readonly number[] = [],
): readonly Fraction[] {
  return filled(capacity, demands, (demand, user) =>
    by(dominantShare(demand, capacity), fraction(weights[user] ?? 1)),
  );
}

export function assetFairness(
  capacity: readonly number[],
  demands: readonly Demand[],
): readonly Fraction[] {
  return filled(capacity, demands, (demand) => assetShare(demand, capacity));
}

/**
 * Competitive equilibrium from equal incomes for two resources, by bisection of the price of the first: each user
 * has 1 to spend and buys tasks for it; the prices at which everything is sold are the equilibrium.
 */
export function ceei(
  [first = 0, second = 0]: readonly number[],
  demands: readonly Demand[],
): readonly number[] {
  const users = demands.length;
  const bought = (price: number) => {
    const otherPrice = (users - price * first) / second;
    return demands.map(([a = 0, b = 0]) => 1 / (price * a + otherPrice * b));
  };
  let low = 0;
  let high = users / first;
  for (let step = 0; step < 200; step++) {
    const price = (low + high) / 2;
    const used = bought(price).reduce(
      (used, tasks, user) => used + tasks * (demands[user]?.[0] ?? 0),
      0,
    );
    if (used > first) low = price;
    else high = price;
  }
  return bought(high);
}

/**
 * Progressive filling: all users' shares grow together; who needs something of which nothing is left stops.
 * `shareOfTask` = by how much a task raises its user's share.
 */
function filled(
  capacity: readonly number[],
  demands: readonly Demand[],
  shareOfTask: (demand: Demand, user: number) => Fraction,
): readonly Fraction[] {
  const left = capacity.map((amount) => fraction(amount));
  const tasks = demands.map(() => ZERO);
  const perTask = demands.map(shareOfTask);
  let growing = demands.map((_, user) => user);
  while (growing.length > 0) {
    const rates = left.map((_, resource) =>
      sum(
        growing.map((user) =>
          by(fraction(demands[user]?.[resource] ?? 0), perTask[user] as Fraction),
        ),
      ),
    );
    const steps = rates.flatMap((rate, resource) =>
      rate.over > 0n ? [by(left[resource] as Fraction, rate)] : [],
    );
    const step = steps.reduce((least, one) => (compare(one, least) < 0 ? one : least));
    for (const user of growing)
      tasks[user] = plus(tasks[user] as Fraction, by(step, perTask[user] as Fraction));
    rates.forEach((rate, resource) => {
      left[resource] = minus(left[resource] as Fraction, times(rate, step));
    });
    growing = growing.filter((user) =>
      left.every((rest, resource) => rest.over > 0n || (demands[user]?.[resource] ?? 0) === 0),
    );
  }
  return tasks;
}

function reduced(over: bigint, under: bigint): Fraction {
  let [a, b] = [over < 0n ? -over : over, under < 0n ? -under : under];
  while (b > 0n) [a, b] = [b, a % b];
  const divisor = under < 0n ? -a : a;
  return divisor === 0n ? ZERO : { over: over / divisor, under: under / divisor };
}
