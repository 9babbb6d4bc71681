/** What a study found, beside what was published: `bourse sim study` prints it, `-o json` gives it as it is. */
export interface StudyTable {
  readonly name: string;
  /** What was compared with what. */
  readonly title: string;
  readonly columns: readonly string[];
  /** A cell for each column; numbers are rounded for print only. */
  readonly rows: readonly (readonly (string | number | null)[])[];
  /** What to know before the numbers are believed. */
  readonly notes: readonly string[];
}

/** Hears how far a study is. */
export type StudyProgress = (done: number, of: number) => void;

export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/** The value below which the fraction lies; of few values the nearest rank. */
export function quantile(numbers: readonly number[], fraction: number): number {
  const sorted = numbers.slice().sort((a, b) => a - b);
  const rank = Math.min(sorted.length, Math.max(1, Math.ceil(fraction * sorted.length)));
  return sorted[rank - 1] ?? Number.NaN;
}
