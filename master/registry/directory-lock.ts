import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, readFile, rename, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { ClusterError } from "@bourse/model/errors";

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the kernel counts: a reused pid is not the owner. */
  readonly startedAt: string;
}

/**
 * Keeps a second master out of a directory, with a message that names the first. A lock whose process is gone
 * (SIGKILL, power) is taken over. It spares people a mistake; what makes two owners safe is the epoch that
 * every append compares, because a pid means nothing on another host.
 */
export class DirectoryLock {
  readonly #path: string;
  readonly #token: string;

  private constructor(path: string, token: string) {
    this.#path = path;
    this.#token = token;
  }

  static async take(directory: string): Promise<DirectoryLock> {
    const path = join(directory, "master.lock");
    const token = randomBytes(8).toString("hex");
    const mine = JSON.stringify({ ...self(), token });
    const draft = join(directory, `master.lock.${token}`);
    try {
      await writeFile(draft, mine, { mode: 0o600 });
      for (let attempt = 0; attempt < 3; attempt++) {
        if (await linked(draft, path)) return new DirectoryLock(path, token);
        await removeStale(directory, path);
      }
      throw new ClusterError(
        "conflict",
        `lock ${directory}: several masters start at once; try again`,
      );
    } finally {
      await unlink(draft).catch(() => {});
    }
  }

  /** Only removes what is still ours. */
  async release(): Promise<void> {
    const text = await readFile(this.#path, "utf8").catch(() => "");
    if (text.includes(this.#token)) await unlink(this.#path).catch(() => {});
  }
}

/** `link` makes a whole file appear at once, and only if there is none. */
async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function removeStale(directory: string, path: string): Promise<void> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) return; // Released just now.
  const owner = ownerOf(text);
  if (owner !== null && isAlive(owner)) {
    throw new ClusterError(
      "conflict",
      `open ${directory}: the master with pid ${owner.pid} on this host uses it; ` +
        "stop that one, or name another directory",
    );
  }
  // Whoever renames it away first has it; check that it was the stale one and no newer.
  const aside = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, "utf8")) !== text) await link(aside, path).catch(() => {});
  await unlink(aside);
}

function ownerOf(text: string): Owner | null {
  try {
    const owner = JSON.parse(text) as Owner;
    return Number.isInteger(owner.pid) && owner.pid > 0 ? owner : null;
  } catch {
    return null;
  }
}

function self(): Owner {
  return { pid: process.pid, host: hostname(), startedAt: startOf(process.pid) };
}

function isAlive(owner: Owner): boolean {
  if (owner.host !== hostname()) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return startOf(owner.pid) === owner.startedAt;
}

/** Field 22 of /proc/PID/stat; empty where there is no /proc, and then the pid alone decides. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
