import { spawn } from "node:child_process";
import { access, constants, open } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import type { CommandSpec } from "@bourse/model/container";
import type { ContainerLaunch } from "@bourse/task/effects";
import { taskEnvironment } from "../environment.ts";
import type { ContainerDirectory } from "./container-directory.ts";
import type { TaskUser } from "./task-user.ts";

/** All that a task gets of the agent's environment. */
const INHERITED = ["PATH", "HOME", "LANG"] as const;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The variables of a process container. Throws on a name that a shell would not pass on. */
export function processEnvironment(
  launch: ContainerLaunch,
  sandbox: string,
  user: TaskUser,
): ReadonlyMap<string, string> {
  const environment = new Map<string, string>();
  for (const name of INHERITED) {
    const value = process.env[name];
    if (value !== undefined) environment.set(name, value);
  }
  if (user.prefix.length > 0) environment.set("HOME", user.home);
  for (const [name, value] of taskEnvironment(launch, sandbox)) {
    if (!VARIABLE_NAME.test(name)) {
      throw new Error(
        `environment variable ${JSON.stringify(name)}: a process can only have names of letters, digits and _`,
      );
    }
    environment.set(name, value);
  }
  return environment;
}

/** The words that are executed. A process has no image whose command could stand in for a missing one. */
export function commandWords(command: CommandSpec): readonly string[] {
  if (command.isShell) {
    if (command.value === undefined) throw new Error("the task has neither an image nor a command");
    return ["/bin/sh", "-c", command.value, ...command.args];
  }
  const words = command.value === undefined ? command.args : [command.value, ...command.args];
  if (words.length === 0) throw new Error("the task has neither an image nor a command");
  return words;
}

/** Rejects with the name of the program when it is not there: then the launch has failed, as it does in Docker. */
export async function assertExecutable(
  program: string,
  { path, directory }: { readonly path: string; readonly directory: string },
): Promise<void> {
  const candidates = isAbsolute(program)
    ? [program]
    : program.includes("/")
      ? [join(directory, program)]
      : path.split(delimiter).map((folder) => join(folder, program));
  for (const candidate of candidates) {
    const isThere = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return;
  }
  throw new Error(`${program}: no such program on this agent`);
}

/** A shim that was started: when it has ended, or could not start at all. */
export interface StartedShim {
  readonly ended: Promise<void>;
}

/**
 * Starts the shim in a session of its own; it goes on when the agent ends. Its end is listened for from the start: a
 * task may end before the files of its output are closed here.
 */
export async function startShim(
  shimPath: string,
  directory: ContainerDirectory,
  words: readonly string[],
  environment: ReadonlyMap<string, string>,
): Promise<StartedShim> {
  const stdout = await open(directory.log("stdout"), "a", 0o600);
  const stderr = await open(directory.log("stderr"), "a", 0o600);
  try {
    const shim = spawn("/bin/sh", [shimPath, "run", directory.path, directory.sandbox, ...words], {
      cwd: directory.path,
      env: Object.fromEntries(environment),
      detached: true,
      stdio: ["ignore", stdout.fd, stderr.fd],
    });
    shim.unref();
    const ended = new Promise<void>((resolve) => {
      shim.once("exit", () => resolve()).once("error", () => resolve());
    });
    return { ended };
  } finally {
    await stdout.close();
    await stderr.close();
  }
}
