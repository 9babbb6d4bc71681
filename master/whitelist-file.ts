import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "@bourse/model/errors";

/** M-51: as often as Mesos looks. */
const INTERVAL_MS = 5_000;
/** A file that is written in place is empty for a moment: a change counts when it is still there after this long. */
const SETTLE_MS = 100;
/** As many agents as a cluster may have; more is another file. */
const LINES_MAX = 100_000;
const NAME = /^[A-Za-z0-9._:-]{1,255}$/;

/**
 * A file that names the agents that are offered, a host or id a line; `#` begins a comment, `*` alone means all. It is
 * read again and again; while it cannot be read or is wrong, what it said last counts, so that a slip of an editor
 * empties no cluster.
 */
export class WhitelistFile {
  readonly #file: string;
  readonly #warn: (line: string) => void;
  readonly #intervalMs: number;
  readonly #read: (file: string) => Promise<readonly string[] | null>;
  #agents: readonly string[] | null;
  #timer: NodeJS.Timeout | undefined;
  #complaint = "";

  private constructor(
    file: string,
    agents: readonly string[] | null,
    warn: (line: string) => void,
    intervalMs: number,
    read: (file: string) => Promise<readonly string[] | null>,
  ) {
    this.#file = file;
    this.#read = read;
    this.#agents = agents;
    this.#warn = warn;
    this.#intervalMs = intervalMs;
  }

  /** Refuses a file that cannot be read or is wrong: at the start somebody is there to see it. */
  static async open(
    file: string,
    warn: (line: string) => void,
    intervalMs = INTERVAL_MS,
    read = readWhitelist,
  ): Promise<WhitelistFile> {
    return new WhitelistFile(file, await read(file), warn, intervalMs, read);
  }

  /** What it said when it was read last; null = all. */
  get agents(): readonly string[] | null {
    return this.#agents;
  }

  watch(onChange: (agents: readonly string[] | null) => void): void {
    this.#timer = setInterval(() => void this.#look(onChange), this.#intervalMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #look(onChange: (agents: readonly string[] | null) => void): Promise<void> {
    try {
      const agents = await this.#read(this.#file);
      this.#complaint = "";
      if (isSame(agents, this.#agents)) return;
      await sleep(Math.min(SETTLE_MS, this.#intervalMs));
      if (!isSame(agents, await this.#read(this.#file))) return;
      if (this.#timer === undefined || isSame(agents, this.#agents)) return;
      this.#agents = agents;
      onChange(agents);
    } catch (thrown) {
      const { message } = ClusterError.from(thrown);
      if (message !== this.#complaint) this.#warn(`${message}; what it said before still counts`);
      this.#complaint = message;
    }
  }
}

async function readWhitelist(file: string): Promise<readonly string[] | null> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw refusal(file, code === "ENOENT" ? "there is no such file" : (cause as Error).message);
  }
  return parseWhitelist(text, file);
}

/** Sorted, each name once; null when it says `*`. */
export function parseWhitelist(text: string, file: string): readonly string[] | null {
  const lines = text.split("\n");
  if (lines.length > LINES_MAX) throw refusal(file, `it has more than ${LINES_MAX} lines`);
  const names = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const name = line.replace(/#.*/, "").trim();
    if (name === "") continue;
    if (name !== "*" && !NAME.test(name))
      throw refusal(file, `line ${index + 1} is neither a host nor an agent's id`);
    names.add(name);
  }
  if (!names.has("*")) return Array.from(names).sort();
  if (names.size > 1) throw refusal(file, "it names agents beside *, which means all");
  return null;
}

function isSame(left: readonly string[] | null, right: readonly string[] | null): boolean {
  if (left === null || right === null) return left === right;
  return left.length === right.length && left.every((name, index) => name === right[index]);
}

function refusal(file: string, why: string): ClusterError {
  return new ClusterError("invalid_call", `read the whitelist ${file}: ${why}`, {
    hint: "write the host or id of an agent on each line, or * for all",
  });
}
