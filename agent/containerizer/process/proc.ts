import { readdir, readFile } from "node:fs/promises";

/** A process, and not another one that got its pid later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Ticks since boot, of no other use than to compare. */
  readonly startTime: string;
}

/** Whether this very process exists and is not a zombie. */
export async function isAlive({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  const stat = await readStat(pid);
  return stat !== null && stat.startTime === startTime && stat.state !== "Z";
}

/** Sends a signal to all processes of a session, to those in process groups of their own too. */
export async function signalSession(
  leader: ProcessIdentity,
  signal: NodeJS.Signals,
): Promise<void> {
  if (!(await isAlive(leader))) return;
  // The group at once, so that it cannot fork away between two single signals.
  sendSignal(-leader.pid, signal);
  for (const pid of await sessionMembers(leader.pid)) {
    const stat = await readStat(pid);
    if (stat !== null && stat.group !== leader.pid) sendSignal(pid, signal);
  }
}

/** A process that has ended meanwhile is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH.
  }
}

/** Changes at each boot: pids and start times of an earlier one mean nothing. */
export async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

/** The environment a process was started with; null when it is gone. */
export async function environmentOf(pid: number): Promise<ReadonlyMap<string, string> | null> {
  const text = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => null);
  if (text === null) return null;
  const pairs = text.split("\0").filter((pair) => pair.includes("="));
  return new Map(
    pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
}

async function sessionMembers(session: number): Promise<readonly number[]> {
  const members: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readStat(Number(name));
    if (stat?.session === session) members.push(Number(name));
  }
  return members;
}

async function readStat(pid: number) {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (text === null) return null;
  // The name in brackets may hold anything; what follows its last bracket does not.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, , group, session] = fields;
  return { state, group: Number(group), session: Number(session), startTime: fields[19] };
}
