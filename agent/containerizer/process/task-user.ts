import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { promisify } from "node:util";

export interface TaskUser {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  /** Words before a command that make it run as this user; none when the agent is that user. */
  readonly prefix: readonly string[];
}

/** The user a task runs as; the agent's own when none is named. Rejects with what is wrong with the name. */
export async function taskUser(name: string | undefined): Promise<TaskUser> {
  const own = userInfo();
  if (name === undefined || name === own.username || name === String(own.uid)) {
    return { uid: own.uid, gid: own.gid, home: own.homedir, prefix: [] };
  }
  if (own.uid !== 0) {
    throw new Error(
      `the task asks for user ${name}, and this agent runs as ${own.username}: only an agent that runs as root can change the user`,
    );
  }
  const entry = await promisify(execFile)("getent", ["passwd", "--", name]).catch(() => null);
  const [, , uid, gid, , home] = entry?.stdout.trim().split(":") ?? [];
  if (uid === undefined || gid === undefined || home === undefined) {
    throw new Error(`user ${name} does not exist on this agent`);
  }
  return {
    uid: Number(uid),
    gid: Number(gid),
    home,
    prefix: ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--init-groups", "--"],
  };
}
