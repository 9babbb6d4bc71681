import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import Docker from "dockerode";

export type EngineProbe =
  | { readonly isUp: true; readonly description: string }
  | { readonly isUp: false; readonly problem: string };

const PROBE_MS = 5_000;

/** Whether a Docker engine answers where DOCKER_HOST or the usual socket says. */
export async function probeEngine(): Promise<EngineProbe> {
  try {
    const docker = new Docker({ timeout: PROBE_MS });
    const version = await docker.version();
    return { isUp: true, description: `engine ${version.Version}, API ${version.ApiVersion}` };
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    const problem =
      code === "EACCES"
        ? "a Docker engine is there, but this user may not use it: join the group docker"
        : "no Docker engine answers";
    return { isUp: false, problem };
  }
}

export interface EngineWish {
  readonly mayInstall: boolean;
  /** Nobody is there to be asked: go ahead. */
  readonly isUnattended: boolean;
  /** Where the pid of an engine that was started for us is written. */
  readonly pidFile: string;
  readonly logFile: string;
  readonly say: (line: string) => void;
}

/**
 * True when an engine answers, if need be after installing and starting one: on Debian as root, asked on a
 * terminal, unasked when unattended. False = run without; `say` has told why.
 */
export async function ensureEngine(wish: EngineWish): Promise<boolean> {
  const probe = await probeEngine();
  if (probe.isUp) return true;
  wish.say(`${probe.problem}.`);
  const isDebianRoot = process.getuid?.() === 0 && existsSync("/etc/debian_version");
  if (!wish.mayInstall || !isDebianRoot) {
    const why = wish.mayInstall ? "only Debian as root is installed on" : "--no-install was given";
    wish.say(`Not installing one (${why}): tasks run as plain processes.`);
    return false;
  }
  if (!wish.isUnattended && !(await confirm("Install Debian's docker.io and start it? [Y/n] "))) {
    wish.say("Going on without: tasks run as plain processes.");
    return false;
  }
  wish.say("Installing and starting Docker (docker.io); this takes a minute.");
  if (runSetUp(["engine"], wish)) return true;
  wish.say("That did not work (see above): tasks run as plain processes.");
  return false;
}

/** Parts of cli/set-up.sh; false when something is still missing. */
export function runSetUp(
  parts: readonly string[],
  files: Pick<EngineWish, "pidFile" | "logFile">,
): boolean {
  const result = spawnSync("bash", [setUpScript(), ...parts], {
    stdio: ["ignore", 2, 2],
    env: {
      ...process.env,
      BOURSE_ENGINE_PID_FILE: files.pidFile,
      BOURSE_ENGINE_LOG: files.logFile,
    },
  });
  return result.status === 0;
}

/** Stops an engine that `ensureEngine` started; others are not ours. */
export async function stopOwnEngine(pidFile: string): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, "utf8"));
  try {
    process.kill(pid, "SIGTERM");
    for (let waited = 0; waited < 100 && existsSync(`/proc/${pid}`); waited++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ESRCH") throw thrown;
  }
}

/** Beside the sources and beside `dist`. */
function setUpScript(): string {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const beside = join(here, "set-up.sh");
  return existsSync(beside) ? beside : join(here, "..", "set-up.sh");
}

async function confirm(question: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(question);
    return /^(y|yes|)$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
