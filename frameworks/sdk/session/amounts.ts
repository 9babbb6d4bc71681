import { assert } from "@bourse/model/assert";
import { canonical, type Resources, scalar } from "@bourse/model/resources";

/** Resources as people write them: cpus and gpus in units, mem and disk in MiB. At most three decimals (DESIGN D9). */
export interface Amounts {
  readonly cpus?: number;
  readonly mem?: number;
  readonly disk?: number;
  readonly gpus?: number;
}

/** Exact resources; more than three decimals are a mistake, not something to round. */
export function resourcesOf(amounts: Amounts): Resources {
  const names = ["cpus", "mem", "disk", "gpus"] as const;
  return canonical(
    names.flatMap((name) => {
      const amount = amounts[name];
      return amount === undefined ? [] : [scalar(name, toMilli(name, amount))];
    }),
  );
}

function toMilli(name: string, amount: number): number {
  const milli = Math.round(amount * 1_000);
  assert(
    amount >= 0 && Math.abs(amount * 1_000 - milli) < 1e-6,
    `${name} must be at least 0 with at most three decimals, not ${amount}`,
  );
  return milli;
}
