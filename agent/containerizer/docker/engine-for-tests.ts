import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import Docker from "dockerode";
import { ownedBy } from "./labels.ts";

const run = promisify(execFile);

/**
 * For integration tests: an engine that answers, or the reason why the suite is skipped. With `CI=true` a
 * missing engine is a failure, because there a skipped suite would go unnoticed.
 */
export async function engineForTests(
  suite: string,
): Promise<{ readonly docker: Docker; readonly skipReason: string | null }> {
  const docker = new Docker();
  try {
    await docker.ping();
    return { docker, skipReason: null };
  } catch (thrown) {
    const problem = thrown instanceof Error ? thrown.message : String(thrown);
    const skipReason = `no Docker engine answers (${problem}); install and start one with: npm test`;
    if (process.env.CI === "true") throw new Error(`${suite}: ${skipReason}`);
    console.warn(`SKIPPED ${suite}: ${skipReason}`);
    return { docker, skipReason };
  }
}

/** An image of nothing but the host's static busybox, so that tests need no registry. */
export async function makeTestImage(docker: Docker, image: string): Promise<void> {
  const [repo, tag] = image.split(":");
  const progress = await docker.importImage(Readable.from([await busyboxTar()]), {
    repo,
    tag,
    changes: ["ENV PATH=/bin", 'CMD ["/bin/echo", "the image speaks"]'],
  });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
  });
}

/** A root file system: a busybox with all its names, /tmp and /data. */
export async function busyboxTar(): Promise<Buffer> {
  const root = await mkdtemp(join(tmpdir(), "bourse-test-image-"));
  try {
    for (const name of ["bin", "tmp", "data"]) await mkdir(join(root, name));
    await copyFile("/bin/busybox", join(root, "bin/busybox"));
    const { stdout } = await run("/bin/busybox", ["--list"]);
    for (const applet of stdout.split("\n")) {
      if (applet !== "" && applet !== "busybox")
        await symlink("busybox", join(root, "bin", applet));
    }
    const tar = await run("tar", ["-c", "-C", root, "."], {
      encoding: "buffer",
      maxBuffer: 64 * 1024 * 1024,
    });
    return tar.stdout;
  } finally {
    await rm(root, { recursive: true });
  }
}

/** Removes every container of the owner, running or not. */
export async function sweepContainers(docker: Docker, owner: string): Promise<void> {
  const left = await docker.listContainers({ all: true, filters: { label: [ownedBy(owner)] } });
  for (const { Id } of left) await docker.getContainer(Id).remove({ force: true, v: true });
}
