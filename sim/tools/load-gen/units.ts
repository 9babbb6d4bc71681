import { DURATION_UNITS_MS } from "@bourse/model/duration-text";
import { LOAD_MS_MAX } from "../load-file/load-columns.ts";
import type { Unit } from "./distribution-text.ts";

/** Units of loads: how a time, an amount of memory, a number of cores or of tasks is written. */

const MIB = { MiB: 1, GiB: 1_024, TiB: 1_048_576 } as const;

/** Milliseconds; `forever` is Infinity. A bare number counts as seconds. */
export const TIME: Unit = {
  read: (text) => (text === "forever" ? Infinity : suffixed(text, DURATION_UNITS_MS, 1_000)),
  from: 0,
  to: Infinity,
  written: "a time like 250ms, 60s, 5m, 2h, 1d, or forever",
};

/** MiB. A bare number counts as MiB. */
export const MEMORY: Unit = {
  read: (text) => suffixed(text, MIB, 1),
  from: 0,
  to: 1_000_000_000,
  written: "memory like 64MiB, 1.5GiB",
};

export const CPUS: Unit = {
  read: plainNumber,
  from: 0,
  to: 1_000_000,
  written: "cores like 0.5",
};

export const GPUS: Unit = {
  read: plainNumber,
  from: 0,
  to: 1_000,
  written: "GPUs like 2, or a part of one like 0.25",
};

export const TASKS: Unit = {
  read: plainNumber,
  from: 1,
  to: 1_000_000,
  written: "tasks like 10, at least 1 and at most 1000000",
};

/** NaN when it is none or out of bounds. */
export function readMs(text: string): number {
  const value = suffixed(text.trim(), DURATION_UNITS_MS, 1_000);
  return value <= LOAD_MS_MAX ? value : Number.NaN;
}

function plainNumber(text: string): number {
  return /^\d{1,12}(\.\d{1,12})?$/.test(text) ? Number(text) : Number.NaN;
}

function suffixed(text: string, units: Readonly<Record<string, number>>, bare: number): number {
  const [, digits = "", name = ""] = /^([\d.]+)\s*([A-Za-z]*)$/.exec(text) ?? [];
  const unit = name === "" ? bare : Object.hasOwn(units, name) ? units[name] : undefined;
  return plainNumber(digits) * (unit ?? Number.NaN);
}
