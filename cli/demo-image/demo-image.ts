import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { ClusterError } from "@bourse/model/errors";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { elfLinkage } from "./elf-linkage.ts";

/** The image that the demo service runs: a busybox and one page. */
export const DEMO_IMAGE = "bourse/demo:1";

/** Listens on PORT and serves a page that names the task; the address of the page is the demo's proof. */
export const DEMO_COMMAND = "/bin/serve";

export interface DemoImageOptions {
  readonly image?: string;
  /** Where to look for a static busybox, in this order. */
  readonly busyboxPaths?: readonly string[];
}

const BUSYBOX_PATHS = [
  "/bin/busybox",
  "/usr/bin/busybox",
  "/usr/local/bin/busybox",
  "/sbin/busybox",
];

/**
 * Sees to it that the demo image exists in the engine. When it is absent it is built here, from the static
 * busybox of this host, so that the demo needs no image registry. An image that is present is left alone.
 *
 * @throws ClusterError `not_found` when no static busybox is on this host, `unreachable` when no engine answers.
 */
export async function ensureDemoImage(
  docker: Docker,
  options: DemoImageOptions = {},
): Promise<{ readonly image: string; readonly wasBuilt: boolean }> {
  const image = options.image ?? DEMO_IMAGE;
  if (await isPresent(docker, image)) return { image, wasBuilt: false };
  const busybox = await findStaticBusybox(options.busyboxPaths ?? BUSYBOX_PATHS);
  const tar = imageTar(busybox.bytes, await listApplets(busybox.path));
  await importImage(docker, { image, tar });
  return { image, wasBuilt: true };
}

async function isPresent(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (thrown) {
    if (statusCodeOf(thrown) === 404) return false;
    throw new ClusterError("unreachable", `looking for image ${image}: ${messageOf(thrown)}`, {
      cause: thrown,
      hint: "is the Docker engine running? try: docker info",
    });
  }
}

/** The first static busybox of these paths; throws `not_found` with how to get one. */
export async function findStaticBusybox(
  paths: readonly string[] = BUSYBOX_PATHS,
): Promise<{ readonly path: string; readonly bytes: Buffer }> {
  const seen: string[] = [];
  for (const path of paths) {
    const bytes = await readFile(path).catch(() => null);
    if (bytes === null) continue;
    const linkage = elfLinkage(bytes);
    if (linkage === "static") return { path, bytes };
    seen.push(`${path} is ${linkage === "dynamic" ? "dynamically linked" : "no ELF program"}`);
  }
  const found = seen.length === 0 ? `none of ${paths.join(", ")} exists` : seen.join(", ");
  throw new ClusterError(
    "not_found",
    `the demo image is built from a static busybox, and this machine has none: ${found}`,
    { hint: "apt-get install busybox-static" },
  );
}

/** The commands that this busybox can be: each becomes a link beside it. */
async function listApplets(busyboxPath: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(busyboxPath, ["--list"]);
  return stdout.split("\n").filter((name) => name !== "" && name !== "busybox");
}

/** The page is written when the container starts, because only then is the name of the task known. */
const SERVE_SCRIPT = `#!/bin/sh
www=/tmp/www
mkdir -p "$www"
cat > "$www/index.html" <<PAGE
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Bourse demo</title></head>
<body>
<h1>Bourse demo</h1>
<p>Served by task <code>\${MESOS_TASK_ID:-unknown}</code> in container <code>$(hostname)</code>.</p>
</body>
</html>
PAGE
echo "task \${MESOS_TASK_ID:-unknown} serves on port \${PORT:-80}"
exec httpd -f -v -p "\${PORT:-80}" -h "$www"
`;

const DIRECTORIES = [
  { name: "bin", mode: 0o755 },
  { name: "dev", mode: 0o755 },
  { name: "etc", mode: 0o755 },
  { name: "mnt", mode: 0o755 },
  { name: "proc", mode: 0o755 },
  { name: "root", mode: 0o700 },
  { name: "tmp", mode: 0o1777 },
  { name: "www", mode: 0o755 },
] as const;

const FILES = [
  {
    name: "etc/passwd",
    mode: 0o644,
    text: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
  },
  { name: "etc/group", mode: 0o644, text: "root:x:0:\nnogroup:x:65534:\n" },
  { name: "www/index.html", mode: 0o644, text: "<!doctype html><title>Bourse demo</title>\n" },
  { name: "bin/serve", mode: 0o755, text: SERVE_SCRIPT },
] as const;

/** All entries have the same date, so that the same busybox gives the same bytes. */
const EPOCH = new Date(0);

function imageTar(busybox: Buffer, applets: readonly string[]): Readable {
  const tar = pack();
  for (const { name, mode } of DIRECTORIES) {
    tar.entry({ name, type: "directory", mode, mtime: EPOCH });
  }
  for (const { name, mode, text } of FILES) tar.entry({ name, mode, mtime: EPOCH }, text);
  tar.entry({ name: "bin/busybox", mode: 0o755, mtime: EPOCH }, busybox);
  for (const applet of applets) {
    tar.entry({ name: `bin/${applet}`, type: "symlink", linkname: "busybox", mtime: EPOCH });
  }
  tar.finalize();
  return Readable.from(tar);
}

async function importImage(
  docker: Docker,
  { image, tar }: { readonly image: string; readonly tar: Readable },
): Promise<void> {
  const [repo, tag] = splitTag(image);
  try {
    const progress = await docker.importImage(tar as NodeJS.ReadableStream, {
      repo,
      tag,
      changes: ['CMD ["/bin/serve"]', "ENV PATH=/bin"],
    });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
    });
  } catch (thrown) {
    throw new ClusterError("internal", `building image ${image}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

function splitTag(image: string): [repo: string, tag: string] {
  const colon = image.lastIndexOf(":");
  return colon > image.lastIndexOf("/")
    ? [image.slice(0, colon), image.slice(colon + 1)]
    : [image, "latest"];
}

function statusCodeOf(thrown: unknown): number | undefined {
  const code = (thrown as { statusCode?: unknown }).statusCode;
  return typeof code === "number" ? code : undefined;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.trim() : String(thrown);
}
