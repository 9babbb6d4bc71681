import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";

/** An image registry on the loopback interface with one private image, for tests of pulls. */
export interface TestRegistry {
  readonly host: string;
  /** How often a client with the right password asked for the manifest by its tag. */
  readonly manifestRequests: () => number;
  close(): Promise<void>;
}

/** Serves `HOST/private:1`, whose one layer is the tar given, to whoever knows the password. */
export async function startTestRegistry(
  layerTar: Buffer,
  credentials: { readonly username: string; readonly password: string },
): Promise<TestRegistry> {
  const blobs = imageBlobs(layerTar);
  const basic = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
  let manifestRequests = 0;
  const server = createServer((request, response) => {
    if (request.headers.authorization !== `Basic ${basic}`) return refuse(response);
    if (request.url === "/v2/")
      return answer(request, response, "application/json", Buffer.from("{}"));
    const name = /^\/v2\/private\/(?:manifests|blobs)\/(.+)$/.exec(request.url ?? "")?.[1];
    if (name === "1") manifestRequests++;
    const blob = blobs.get(name ?? "");
    if (blob === undefined) return void response.writeHead(404).end();
    answer(request, response, blob.type, blob.bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    manifestRequests: () => manifestRequests,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function imageBlobs(
  layerTar: Buffer,
): ReadonlyMap<string, { readonly type: string; readonly bytes: Buffer }> {
  const layer = gzipSync(layerTar);
  const config = json({
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: { Env: ["PATH=/bin"] },
    rootfs: { type: "layers", diff_ids: [digest(layerTar)] },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: described(config, "application/vnd.docker.container.image.v1+json"),
    layers: [described(layer, "application/vnd.docker.image.rootfs.diff.tar.gzip")],
  });
  const binary = "application/octet-stream";
  return new Map([
    [digest(layer), { type: binary, bytes: layer }],
    [digest(config), { type: binary, bytes: config }],
    [digest(manifest), { type: MANIFEST_TYPE, bytes: manifest }],
    ["1", { type: MANIFEST_TYPE, bytes: manifest }],
  ]);
}

function refuse(response: ServerResponse): void {
  response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  type: string,
  bytes: Buffer,
): void {
  response.writeHead(200, {
    "content-type": type,
    "content-length": bytes.length,
    "docker-content-digest": digest(bytes),
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

function described(bytes: Buffer, mediaType: string) {
  return { mediaType, size: bytes.length, digest: digest(bytes) };
}

function digest(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
