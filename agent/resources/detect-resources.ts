import { stat, statfs } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { dirname } from "node:path";
import { canonical, type Resource, type Resources, ranges, scalar } from "@bourse/model/resources";

/** What the machine has; sizes in bytes. */
export interface Machine {
  readonly cpuCount: number;
  readonly memBytes: number;
  readonly diskBytes: number;
}

const MIB = 1_048_576;
const GIB = 1_024 * MIB;
/** FEATURES M-35: what is left to tasks by default. */
const PORTS = { begin: 31_000, end: 32_000 } as const;

/** Measures the machine; a container's memory limit counts as the machine's. */
export async function measureMachine(workDir: string): Promise<Machine> {
  const constrained = process.constrainedMemory();
  const isConstrained = constrained > 0 && constrained < totalmem();
  return {
    cpuCount: availableParallelism(),
    memBytes: isConstrained ? constrained : totalmem(),
    diskBytes: await diskBytes(workDir),
  };
}

/**
 * What an agent offers: all that the operator named, and of the rest what the machine has, less a reserve for the
 * system as Mesos keeps it (1 GiB of memory and 5 GiB of disk, or half where there is little).
 */
export function offeredResources(machine: Machine, named: Resources): Resources {
  const names = new Set(named.map(({ name }) => name));
  return canonical([...named, ...detected(machine).filter(({ name }) => !names.has(name))]);
}

function detected({ cpuCount, memBytes, diskBytes: bytes }: Machine): readonly Resource[] {
  return [
    scalar("cpus", cpuCount * 1_000),
    mebibytes("mem", memBytes >= 2 * GIB ? memBytes - GIB : memBytes / 2),
    mebibytes("disk", bytes >= 10 * GIB ? bytes - 5 * GIB : bytes / 2),
    ranges("ports", [PORTS]),
  ];
}

function mebibytes(name: string, bytes: number): Resource {
  return scalar(name, Math.floor(bytes / MIB) * 1_000);
}

/** Of the file system that the directory is on, or will be on when it is made. */
async function diskBytes(path: string): Promise<number> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (!isThere && dirname(path) !== path) return diskBytes(dirname(path));
  const { blocks, bsize } = await statfs(path);
  return blocks * bsize;
}
