import { constants } from "node:os";

const SIGNAL_BASE = 128;

/**
 * Engines and shells report the end by signal n as exit code 128 + n, and a program may choose the same number
 * by itself: the code is passed on as it is, and this says what it most likely means.
 */
export function exitText(exitCode: number): string | undefined {
  const number = exitCode - SIGNAL_BASE;
  if (number <= 0) return undefined;
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return name === undefined ? undefined : `exit code ${exitCode} (128 + ${name})`;
}
