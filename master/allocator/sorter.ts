/**
 * The rows of one group (the children of a role, or the frameworks in a role) that may be served now, in the order
 * in which they are served while one agent is looked at. Rows are those of a `ShareTable`. Whatever the order, it
 * has each row once, does not move between `refresh` and the next change, and needs no allocation to be walked.
 */
export interface Sorter {
  readonly size: number;
  /** A new agent is looked at: brings the order up to date, or draws a new one. */
  refresh(): void;
  /** The index-th to be served, below `size`. Right after `refresh`; ascending indexes are cheap. */
  at(index: number): number;
  /** The row is new to the group, and its weight and holdings are set. */
  insert(row: number): void;
  remove(row: number): void;
  /** The row's share has changed: it moves with the next `refresh`. */
  touch(row: number): void;
  /** All rows, for people and tests: as they are served, or by name where chance decides. */
  list(): readonly number[];
}
