import type { ClusterError } from "./errors.ts";
import { type IntegerRange, mergeRanges, type ResourceValue } from "./resources.ts";

/** Makes the refusal of the text at hand; the caller knows what it reads and what to write instead. */
export type Refuse = (message: string) => ClusterError;

/** 10^9 units: the sum over ten thousand agents stays exact below 2^53 thousandths. */
export const SCALAR_MILLI_MAX = 1_000_000_000_000;
/** A port list in pieces; more is a mistake. */
export const RANGES_MAX = 1_000;

/** `[1-2,5-9]` or `{a,b}`; undefined when it is neither. */
export function readValue(text: string, where: string, refuse: Refuse): ResourceValue | undefined {
  if (text.startsWith("[")) return { type: "ranges", ranges: readRanges(text, where, refuse) };
  if (!text.startsWith("{")) return undefined;
  if (!text.endsWith("}")) throw refuse(`${where}: a set ends with }`);
  const items = splitList(text.slice(1, -1));
  if (items.some((item) => item === "" || /[{}[\]]/.test(item)))
    throw refuse(`${where}: an item of a set is not empty and has no brackets`);
  return { type: "set", items: Array.from(new Set(items)).sort() };
}

export function readRanges(text: string, where: string, refuse: Refuse): readonly IntegerRange[] {
  if (!text.endsWith("]")) throw refuse(`${where}: ranges end with ]`);
  const list = splitList(text.slice(1, -1)).map((part) => {
    const match = /^(\d{1,16})\s*-\s*(\d{1,16})$/.exec(part);
    if (match === null) throw refuse(`${where}: a range is written begin-end in whole numbers`);
    return { begin: Number(match[1]), end: Number(match[2]) };
  });
  return checkedRanges(list, where, refuse);
}

/** Ranges from any grammar, merged. */
export function checkedRanges(
  list: readonly IntegerRange[],
  where: string,
  refuse: Refuse,
): readonly IntegerRange[] {
  if (list.length > RANGES_MAX) throw refuse(`${where}: at most ${RANGES_MAX} ranges`);
  for (const { begin, end } of list) {
    if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0)
      throw refuse(`${where}: a range has whole numbers from 0 to 2^53 - 1`);
    if (begin > end) throw refuse(`${where}: the range ${begin}-${end} ends before it begins`);
  }
  return mergeRanges(list);
}

/** A decimal number in thousandths; finer parts are rounded, as in Mesos (FEATURES M-28). */
export function readScalarMilli(text: string, where: string, refuse: Refuse): number {
  if (!/^\d{1,16}(\.\d{0,16})?$/.test(text))
    throw refuse(`${where}: the value must be a number that is not negative, [ranges] or {set}`);
  return checkedScalarMilli(Number(text), where, refuse);
}

export function checkedScalarMilli(value: number, where: string, refuse: Refuse): number {
  if (!Number.isFinite(value) || value < 0)
    throw refuse(`${where}: the value must be a number that is not negative`);
  const milli = Math.round(value * 1000);
  if (milli > SCALAR_MILLI_MAX)
    throw refuse(`${where}: the value is above ${SCALAR_MILLI_MAX / 1000}`);
  return milli;
}

/** Between commas, trimmed; nothing at all = no items. */
function splitList(text: string): readonly string[] {
  return text.trim() === "" ? [] : text.split(",").map((item) => item.trim());
}
