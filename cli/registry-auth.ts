import { readFile } from "node:fs/promises";
import { ClusterError } from "@bourse/model/errors";

export type RegistryCredentials = ReadonlyMap<
  string,
  { readonly username: string; readonly password: string }
>;

/** Credentials by registry host, from a Docker config.json (`auths`). Errors never quote the file's content. */
export async function readRegistryAuth(file: string): Promise<RegistryCredentials> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new ClusterError("invalid_call", `--registry-auth ${file} cannot be read: ${error.code}`);
  });
  const credentials = new Map<string, { username: string; password: string }>();
  for (const [host, entry] of Object.entries(authsOf(text, file))) {
    const encoded = (entry as { auth?: unknown } | null)?.auth;
    const pair = typeof encoded === "string" ? Buffer.from(encoded, "base64").toString("utf8") : "";
    const colon = pair.indexOf(":");
    if (colon < 1) {
      throw new ClusterError(
        "invalid_call",
        `--registry-auth ${file} has no usable auth for ${host}`,
        {
          hint: "write base64 of user:password, as `docker login` does without a credential helper",
        },
      );
    }
    const key = host.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
    credentials.set(key, { username: pair.slice(0, colon), password: pair.slice(colon + 1) });
  }
  return credentials;
}

function authsOf(text: string, file: string): Record<string, unknown> {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    throw new ClusterError("invalid_call", `--registry-auth ${file} is not JSON`);
  }
  const auths = (config as { auths?: unknown } | null)?.auths;
  if (typeof auths !== "object" || auths === null) {
    throw new ClusterError("invalid_call", `--registry-auth ${file} has no "auths"`, {
      hint: "give a Docker config.json, as `docker login` writes it",
    });
  }
  return auths as Record<string, unknown>;
}
