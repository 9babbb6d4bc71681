import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { ClusterError } from "@bourse/model/errors";

export interface BourseProcessOptions {
  /** For messages: `master`, `agents-1`. */
  readonly name: string;
  readonly command: readonly [program: string, ...words: string[]];
  readonly words: readonly string[];
  /** Takes what it writes on stderr, and on stdout unless that is read. */
  readonly logFile: string;
  /** Its stdin and stdout are pipes to here. */
  readonly isTalking?: boolean;
  /** It ended by itself: an error that says how. Once. */
  readonly onDeath: (error: ClusterError) => void;
}

/** Between SIGTERM and SIGKILL. */
const END_MS = 10_000;
/** `USER_HZ`: the unit of the times in /proc; 100 on every Linux. */
const TICKS_PER_SECOND = 100;
const LOG_TAIL_LINES = 3;

/** A real `bourse` process, in a process group of its own so that a Ctrl-C reaches it only through us. */
export class BourseProcess {
  readonly name: string;
  readonly child: ChildProcess;
  readonly #options: BourseProcessOptions;
  readonly #exited: Promise<void>;
  #isEnding = false;

  constructor(options: BourseProcessOptions) {
    this.#options = options;
    this.name = options.name;
    const [program, ...before] = options.command;
    const log = openSync(options.logFile, "a", 0o600);
    const talk = options.isTalking === true ? "pipe" : null;
    this.child = spawn(program, [...before, ...options.words], {
      stdio: [talk ?? "ignore", talk ?? log, log],
      detached: true,
    });
    closeSync(log);
    this.#exited = new Promise((resolve) => {
      this.child.once("error", (error) => {
        this.#died(`cannot be started: ${error.message}`);
        resolve();
      });
      this.child.once("exit", (code, signal) => {
        this.#died(`ended by itself (${signal ?? `exit code ${code}`})`);
        resolve();
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.pid > 0 && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** What it wrote to its log so far. */
  log(): string {
    return readFileSync(this.#options.logFile, "utf8");
  }

  /** SIGTERM, and SIGKILL to what is still there after a while. Resolves when it is gone. */
  async end(): Promise<void> {
    this.#isEnding = true;
    if (!this.isAlive) return;
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), END_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** User and system time so far; 0 once it is gone. */
  cpuSeconds(): number {
    const stat = this.#read("stat");
    // The name in front is in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
  }

  /** Resident memory now; 0 once it is gone. */
  rssMib(): number {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(this.#read("status"))?.[1];
    return Number(kib ?? 0) / 1024;
  }

  /** Its established TCP connections to a port of this machine. */
  connectionsTo(port: number): number {
    const sockets = new Set<string>();
    for (const table of ["net/tcp", "net/tcp6"]) {
      for (const line of this.#read(table).split("\n").slice(1)) {
        const [, , remote = "", state, , , , , , inode = ""] = line.trim().split(/\s+/);
        const remotePort = Number.parseInt(remote.split(":")[1] ?? "", 16);
        if (state === ESTABLISHED && remotePort === port) sockets.add(inode);
      }
    }
    let count = 0;
    for (const target of this.#openFiles()) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined && sockets.has(inode)) count++;
    }
    return count;
  }

  #openFiles(): readonly string[] {
    const directory = `/proc/${this.pid}/fd`;
    return entriesOf(directory).map((name) => {
      try {
        return readlinkSync(`${directory}/${name}`);
      } catch {
        return ""; // Closed between the two looks.
      }
    });
  }

  #read(name: string): string {
    try {
      return readFileSync(`/proc/${this.pid}/${name}`, "utf8");
    } catch {
      return "";
    }
  }

  #died(how: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const tail = this.log().trimEnd().split("\n").slice(-LOG_TAIL_LINES).join(" | ");
    const message = `the process ${this.name} ${how}${tail === "" ? "" : `: ${tail}`}`;
    this.#options.onDeath(new ClusterError("internal", message));
  }
}

const ESTABLISHED = "01";

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
