import type Docker from "dockerode";
import { engineErrorKind, engineErrorText } from "./engine-error.ts";

/** By registry host (`docker.io`, `registry.example:5000`). Sent to the engine with a pull, never logged or stored. */
export type RegistryCredentials = ReadonlyMap<
  string,
  { readonly username: string; readonly password: string }
>;

export interface ImageStoreOptions {
  readonly credentials: RegistryCredentials;
  /** A pull without any progress for this long has failed; however long one that progresses takes (FEATURES N-17). */
  readonly pullStallMs: number;
}

/** Sees to it that images are in the engine. Concurrent pulls of one image are one pull. */
export class ImageStore {
  readonly #docker: Docker;
  readonly #options: ImageStoreOptions;
  readonly #pulls = new Map<string, Promise<void>>();

  constructor(docker: Docker, options: ImageStoreOptions) {
    this.#docker = docker;
    this.#options = options;
  }

  /** Rejects with what failed and why. An image that is present is not pulled unless `shouldPull`. */
  async ensure(image: string, shouldPull: boolean): Promise<void> {
    if (!shouldPull && (await this.#isPresent(image))) return;
    const running = this.#pulls.get(image);
    if (running !== undefined) return running;
    const pull = this.#pull(image).finally(() => this.#pulls.delete(image));
    this.#pulls.set(image, pull);
    return pull;
  }

  async #isPresent(image: string): Promise<boolean> {
    try {
      await this.#docker.getImage(image).inspect();
      return true;
    } catch (thrown) {
      if (engineErrorKind(thrown) === "not-found") return false;
      throw thrown;
    }
  }

  async #pull(image: string): Promise<void> {
    const host = registryHost(image);
    const credentials = this.#options.credentials.get(host);
    const stall = new AbortController();
    const timer = setTimeout(() => stall.abort(), this.#options.pullStallMs);
    try {
      const progress = await this.#docker.pull(image, {
        abortSignal: stall.signal,
        ...(credentials === undefined
          ? {}
          : { authconfig: { ...credentials, serveraddress: serverAddress(host) } }),
      });
      await this.#follow(progress, timer);
    } catch (thrown) {
      if (engineErrorKind(thrown) === "away" && !stall.signal.aborted) throw thrown;
      throw new PullError(this.#explain(image, host, thrown, stall.signal.aborted));
    } finally {
      clearTimeout(timer);
    }
  }

  #follow(progress: NodeJS.ReadableStream, stallTimer: NodeJS.Timeout): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#docker.modem.followProgress(
        progress,
        (error) => (error ? reject(pullFailure(error)) : resolve()),
        () => stallTimer.refresh(),
      );
    });
  }

  #explain(image: string, host: string, thrown: unknown, isStalled: boolean): string {
    const why = isStalled
      ? `no progress for ${this.#options.pullStallMs / 1000} s`
      : engineErrorText(thrown);
    const hint = this.#options.credentials.has(host)
      ? `is ${host} reachable from this agent, and are the credentials given for it right?`
      : `is ${host} reachable from this agent? A private image needs credentials for ${host}`;
    return `image ${image} is not on this agent and cannot be pulled: ${why} (${hint})`;
  }
}

/** The engine answered, and the image is not to be had. */
export class PullError extends Error {
  override readonly name = "PullError";
  readonly statusCode = 500;
}

/** An error inside the progress stream is an answer of the engine, unlike a stream that broke. */
function pullFailure(error: unknown): Error {
  if (error instanceof Error) {
    return "code" in error ? error : new PullError(error.message);
  }
  return new PullError(String(error));
}

/** The first part of a name is a host when it looks like one; all else lives at Docker Hub. */
export function registryHost(image: string): string {
  const slash = image.indexOf("/");
  if (slash < 0) return "docker.io";
  const first = image.slice(0, slash);
  return first.includes(".") || first.includes(":") || first === "localhost" ? first : "docker.io";
}

function serverAddress(host: string): string {
  return host === "docker.io" ? "https://index.docker.io/v1/" : host;
}
