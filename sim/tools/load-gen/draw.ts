import type { Random } from "@bourse/model/random";
import { exactExp, exactLn } from "./exact-math.ts";
import type { Distribution } from "./generator-spec.ts";

/** Draws numbers by one law from one stream of chance. */
export type Draw = () => number;

/** What the laws need is prepared once; a draw costs some numbers of chance. */
export function drawOf(distribution: Distribution, random: Random): Draw {
  switch (distribution.kind) {
    case "constant": {
      const { value } = distribution;
      return () => value;
    }
    case "uniform": {
      const { from, to } = distribution;
      return () => from + (to - from) * random.fraction();
    }
    case "exponential": {
      const { mean, max } = distribution;
      return () => Math.min(max, mean * exponential(random));
    }
    case "lognormal": {
      const { median, sigma, max } = distribution;
      return () => Math.min(max, median * exactExp(sigma * normal(random)));
    }
    case "power-law":
      return powerLaw(distribution, random);
    case "geometric": {
      const { mean, max } = distribution;
      if (mean <= 1) return () => 1;
      // An exponential, cut to whole numbers, is geometric; this mean of it hits the one that is asked for.
      const scale = -1 / exactLn(1 - 1 / mean);
      return () => Math.min(max, 1 + Math.floor(scale * exponential(random)));
    }
    case "choice":
      return choice(distribution.of, random);
  }
}

/**
 * An exponential of mean 1 by von Neumann's comparisons: of falling runs of uniform numbers, the first number of the
 * first run of odd length, plus how many runs were even. No logarithm, 4.3 numbers on average.
 */
export function exponential(random: Random): number {
  for (let evenRuns = 0; ; evenRuns++) {
    const first = random.fraction();
    let last = first;
    let isOdd = true;
    for (;;) {
      const next = random.fraction();
      if (next >= last) break;
      last = next;
      isOdd = !isOdd;
    }
    if (isOdd) return evenRuns + first;
  }
}

/** A standard normal by von Neumann's rejection from two exponentials: 1.3 pairs on average, no root, no logarithm. */
export function normal(random: Random): number {
  for (;;) {
    const size = exponential(random);
    const excess = size - 1;
    if (2 * exponential(random) > excess * excess) return random.fraction() < 0.5 ? -size : size;
  }
}

/** from * e^(E / (exponent - 1)), E an exponential cut at the end: an exponential modulo the cut is exactly that. */
function powerLaw(
  { exponent, from, to }: Extract<Distribution, { kind: "power-law" }>,
  random: Random,
): Draw {
  const rate = exponent - 1;
  const span = exactLn(to / from);
  if (span === 0) return () => from;
  const cut = rate * span;
  return () => {
    const drawn = exponential(random);
    const within = drawn - cut * Math.floor(drawn / cut);
    return Math.min(to, from * exactExp(within / rate));
  };
}

function choice(
  of: readonly { readonly value: number; readonly weight: number }[],
  random: Random,
): Draw {
  const total = of.reduce((sum, { weight }) => sum + weight, 0);
  const last = of.at(-1)?.value ?? 0;
  return () => {
    let left = random.fraction() * total;
    for (const { value, weight } of of) {
      left -= weight;
      if (left < 0) return value;
    }
    return last;
  };
}
