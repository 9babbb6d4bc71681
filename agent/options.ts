import { hostname } from "node:os";
import { resolve } from "node:path";
import type { Attribute, FaultDomain } from "@bourse/model/agent";
import { parseAttributes } from "@bourse/model/attributes-text";
import { parseDomain } from "@bourse/model/domain-text";
import { ClusterError } from "@bourse/model/errors";
import type { Resources } from "@bourse/model/resources";
import { NO_RESOURCES } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import type { Logger } from "pino";

export const CONTAINERIZERS = ["docker", "process", "fake"] as const;
/** Where tasks run: `docker` also runs those without an image, as processes of the host. */
export type ContainerizerName = (typeof CONTAINERIZERS)[number];

/** What an operator says of an agent; checked by `checkOptions` before anything is touched. */
export interface AgentOptions {
  /** `host:port` of each master, tried in this order. */
  readonly masters: readonly string[];
  /** Checkpoint and sandboxes; made when it is not there. One agent at a time. */
  readonly workDir: string;
  readonly containerizer: ContainerizerName;
  readonly hostname?: string;
  /** For display only; the master never dials agents. */
  readonly port?: number;
  /** As `cpus:4;mem:8192;ports:[31000-32000]`; what is not named is detected. */
  readonly resources?: string;
  /** As `rack:r1;zone:a`. */
  readonly attributes?: string;
  /** As `eu-west/a` (M-37); absent = where the master is. */
  readonly domain?: string;
  /** Path of the engine's socket; default as DOCKER_HOST says, else the usual one. */
  readonly dockerSocket?: string;
  /** Goes on every container's labels, for people who look at them. */
  readonly cluster?: string;
  /** By registry host. */
  readonly registryCredentials?: ReadonlyMap<
    string,
    { readonly username: string; readonly password: string }
  >;
  /** From the start of a fake container until it runs; 0 by default. */
  readonly fakeStartMs?: number;
  /** So many agents in this process, each with its own id, connection and part of the work directory. */
  readonly count?: number;
  readonly logger: Logger;
}

export interface CheckedOptions {
  readonly masters: readonly string[];
  readonly workDir: string;
  readonly hostname: string;
  readonly port: number;
  readonly resources: Resources;
  readonly attributes: readonly Attribute[];
  readonly domain?: FaultDomain;
  readonly count: number;
}

/** Agents in one process: their sockets and files must fit its limits. */
const COUNT_MAX = 10_000;
const MASTERS_MAX = 100;

/** Every option, checked; throws `invalid_call` with the option's name, what is wrong and what to write. */
export function checkOptions(options: AgentOptions): CheckedOptions {
  const name = options.hostname ?? hostname();
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]{0,252})$/.test(name)) {
    throw refused(
      `hostname: \`${shorten(name)}\` is not the name of a host`,
      "give one, as in: node1.example",
    );
  }
  if (!CONTAINERIZERS.includes(options.containerizer)) {
    const known = CONTAINERIZERS.join(", ");
    throw refused(
      `containerizer: there is no \`${shorten(String(options.containerizer))}\``,
      `one of: ${known}`,
    );
  }
  if (options.workDir.trim() === "" || options.workDir.includes("\0")) {
    throw refused("work-dir: a path is needed", "give one, as in: /var/lib/bourse");
  }
  const count = whole("count", options.count ?? 1, 1, COUNT_MAX);
  return {
    masters: checkMasters(options.masters),
    workDir: resolve(options.workDir),
    hostname: name,
    port: whole("port", options.port ?? 0, 0, 65_535),
    resources:
      options.resources === undefined
        ? NO_RESOURCES
        : parseResources(options.resources, "resources"),
    attributes:
      options.attributes === undefined ? [] : parseAttributes(options.attributes, "attributes"),
    ...(options.domain !== undefined && { domain: parseDomain(options.domain, "domain") }),
    count,
  };
}

function checkMasters(masters: readonly string[]): readonly string[] {
  const hint = "write host:port, as in: 127.0.0.1:5050";
  if (masters.length === 0) throw refused("master: the address of a master is missing", hint);
  if (masters.length > MASTERS_MAX) {
    throw refused(`master: at most ${MASTERS_MAX} addresses, these are ${masters.length}`, hint);
  }
  for (const address of masters) {
    const match = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):(\d{1,5})$/.exec(address);
    const port = Number(match?.[1] ?? 0);
    if (port < 1 || port > 65_535) {
      throw refused(`master: \`${shorten(address)}\` is not an address`, hint);
    }
  }
  return [...masters];
}

function whole(field: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw refused(`${field}: ${value} is not a whole number from ${least} to ${most}`);
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

function refused(message: string, hint?: string): ClusterError {
  return new ClusterError("invalid_call", message, hint === undefined ? {} : { hint });
}
