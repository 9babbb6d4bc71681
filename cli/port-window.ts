import { readFileSync } from "node:fs";

/** Where tasks' host ports may begin; the first is Mesos' own default (FEATURES M-35). */
const WINDOW_WIDTH = 1_000;
const WINDOW_BEGINS = [31_000, 32_000, 33_000, 34_000, 35_000, 36_000, 37_000, 38_000, 39_000];

/**
 * The first of a thousand ports of which nobody on this machine listens on any, so that two local clusters, or a
 * cluster and another service, do not hand out the same port. Falls back to the first where nothing is known.
 */
export function freePortWindow(listening: ReadonlySet<number>): { begin: number; width: number } {
  const begin =
    WINDOW_BEGINS.find((start) => ![...listening].some((port) => isWithin(port, start))) ??
    (WINDOW_BEGINS[0] as number);
  return { begin, width: WINDOW_WIDTH };
}

function isWithin(port: number, begin: number): boolean {
  return port >= begin && port < begin + WINDOW_WIDTH;
}

/** TCP ports with a listener, as Linux tells them; empty elsewhere. */
export function listeningPorts(): ReadonlySet<number> {
  const ports = new Set<number>();
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const port of portsIn(readOrEmpty(file))) ports.add(port);
  }
  return ports;
}

/** State 0A is LISTEN; the second field ends with the port in hex. */
export function portsIn(table: string): readonly number[] {
  return table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === "0A")
    .map((fields) => Number.parseInt(fields[1]?.split(":").at(-1) ?? "", 16))
    .filter((port) => Number.isInteger(port));
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
