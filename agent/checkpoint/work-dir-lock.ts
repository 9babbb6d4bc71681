import { rm, stat } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { ClusterError } from "@bourse/model/errors";
import { makeDirectory } from "./make-directory.ts";
import { storageError } from "./storage-error.ts";

/**
 * Keeps a second agent out of a work directory. The lock is a listening socket: the system takes it away with the
 * process, however that ends, so there is no stale lock to clean up. On Linux its name is abstract (not a file)
 * and made of the directory's device and inode, so that two paths to one directory are one lock; elsewhere it
 * is a socket file in the directory.
 */
export interface WorkDirLock {
  release(): Promise<void>;
}

/** Creates the directory when it is not there; throws `conflict` when another agent holds it. */
export async function lockWorkDir(directory: string): Promise<WorkDirLock> {
  const name = await socketName(directory);
  for (const isLastTry of [false, true]) {
    const server = await tryListen(name);
    if (server !== null) return { release: () => close(server) };
    const pid = await askPid(name);
    if (pid !== null || isLastTry) throw inUse(directory, pid);
    if (!name.startsWith("\0")) await rm(name, { force: true }); // Left by a process that is gone.
  }
  throw inUse(directory, null);
}

async function socketName(directory: string): Promise<string> {
  await makeDirectory(directory);
  try {
    const { dev, ino } = await stat(directory);
    return process.platform === "linux"
      ? `\0bourse-agent-${dev}-${ino}`
      : join(directory, "lock.sock");
  } catch (thrown) {
    throw storageError("use", directory, thrown);
  }
}

function tryListen(name: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end(`${process.pid}\n`);
    });
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(null);
      else reject(storageError("lock", name.replace("\0", "@"), error));
    });
    server.listen(name, () => {
      server.unref(); // The lock alone does not keep the process alive.
      resolve(server);
    });
  });
}

/** The holder's pid; null when nobody answers. */
function askPid(name: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(name);
    let text = "";
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on("data", (data) => {
      text += data.toString("utf8");
    });
    socket.on("error", () => resolve(null));
    socket.on("close", () => resolve(text === "" ? null : text.trim()));
  });
}

function inUse(directory: string, pid: string | null): ClusterError {
  const holder = pid === null ? "another agent" : `the agent with pid ${pid}`;
  return new ClusterError("conflict", `work directory ${directory} is in use by ${holder}`, {
    hint: "stop that agent, or give this one another work directory",
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
