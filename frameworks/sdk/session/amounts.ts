import { ClusterError } from "@bourse/model/errors";
import { canonical, type Resources, scalar } from "@bourse/model/resources";

/** Resources as people write them: cpus and gpus in units, mem and disk in MiB. At most three decimals (DESIGN D9). */
export interface Amounts {
  readonly cpus?: number;
  readonly mem?: number;
  readonly disk?: number;
  readonly gpus?: number;
}

/** Exact resources; more than three decimals are a mistake, not something to round: `invalid_call`. */
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
  if (amount >= 0 && Number.isSafeInteger(milli) && Math.abs(amount * 1_000 - milli) < 1e-6)
    return milli;
  const message = `${name} must be at least 0 with at most three decimals, not ${amount}`;
  throw new ClusterError("invalid_call", message, { hint: "write 0.5, not 0.5001" });
}
