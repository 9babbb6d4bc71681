import { rmSync } from "node:fs";

/** Files that are being written, under the names that they have until they are whole. */
const OPEN = new Set<string>();

export function loadOpened(partial: string): void {
  OPEN.add(partial);
}

export function loadClosed(partial: string): void {
  OPEN.delete(partial);
}

/** For a process that ends now: removes what is half written. */
export function discardOpenLoads(): void {
  for (const path of OPEN) rmSync(path, { force: true });
  OPEN.clear();
}
