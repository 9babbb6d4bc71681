import { rmSync } from "node:fs";

/** Files that are being written, under the names that they have until they are whole. */
const OPEN = new Set<string>();

export function partialPath(path: string): string {
  return `${path}.partial`;
}

export function loadOpened(path: string): void {
  OPEN.add(partialPath(path));
}

export function loadClosed(path: string): void {
  OPEN.delete(partialPath(path));
}

/** For a process that ends now: removes what is half written. */
export function discardOpenLoads(): void {
  for (const path of OPEN) rmSync(path, { force: true });
  OPEN.clear();
}
