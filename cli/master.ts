import type { MasterOptions } from "@bourse/master/main";
import { parseDomain } from "@bourse/model/domain-text";
import { ClusterError } from "@bourse/model/errors";
import type { Command } from "commander";
import { durationMs, integerOf } from "./context.ts";
import { begun, daemonLogger, endedBy, runUntilSignal } from "./daemon.ts";
import { makeDataDirectory } from "./data-directory.ts";
import { examples } from "./examples.ts";
import { minAllocatableOf, namesOf, sorterOf } from "./sharing-flags.ts";

interface MasterFlags {
  readonly host: string;
  readonly port: string;
  readonly dataDir: string;
  readonly store: string;
  readonly journal: boolean;
  readonly insecure?: boolean;
  readonly allocationInterval?: string;
  readonly offerTimeout?: string;
  readonly agentPingInterval?: string;
  readonly agentPingMisses?: string;
  readonly agentReregisterTimeout?: string;
  readonly failoverTimeout?: string;
  readonly roleSorter?: string;
  readonly frameworkSorter?: string;
  readonly fairSharingExcluded?: string;
  readonly minAllocatable?: string;
  readonly domain?: string;
  readonly whitelist?: string;
  readonly logLevel: string;
}

export function addMasterCommand(root: Command): void {
  root
    .command("master")
    .description("run a master; its frameworks, agents and operators all use one port")
    .option(
      "--host <address>",
      "where to listen; beyond loopback only with --insecure",
      "127.0.0.1",
    )
    .option("--port <port>", "gRPC and HTTP (/health, /metrics)", "5050")
    .option("--data-dir <directory>", "registry and journal", ".bourse/master")
    .option("--store <kind>", "lmdb, or memory (forgets all at its end)", "lmdb")
    .option("--no-journal", "do not record inputs for replay")
    .option("--insecure", "allow listening beyond loopback without TLS: exec is then open to all")
    .option("--allocation-interval <duration>", "between periodic allocations (default 1s)")
    .option(
      "--offer-timeout <duration>",
      "how long an offer may be held; 0 = for ever (default 60s)",
    )
    .option("--agent-ping-interval <duration>", "between pings of an agent (default 15s)")
    .option(
      "--agent-ping-misses <count>",
      "unanswered pings until it counts as unreachable (default 5)",
    )
    .option("--agent-reregister-timeout <duration>", "for known agents to return (default 10m)")
    .option("--failover-timeout <duration>", "for frameworks that ask for none (default 7d)")
    .option("--role-sorter <kind>", "drf (who has the least is next) or random (default drf)")
    .option("--framework-sorter <kind>", "the same among the frameworks of a role (default drf)")
    .option(
      "--fair-sharing-excluded <names>",
      "scarce resources that do not count in shares, e.g. gpus,disk",
    )
    .option(
      "--min-allocatable <amounts>",
      "less is not worth an offer; | separates alternatives (default cpus:0.01|mem:32)",
    )
    .option("--domain <region/zone>", "where this master is; agents elsewhere are remote")
    .option(
      "--whitelist <file>",
      "offer only these agents: a host or id a line; * = all; read again every 5 s",
    )
    .option("--log-level <level>", "trace, debug, info, warn or error", "info")
    .addHelpText("after", examples("bourse master --data-dir /var/lib/bourse/master"))
    .action(async (options: MasterFlags) => {
      const logger = daemonLogger("master", options.logLevel);
      if (options.store !== "lmdb" && options.store !== "memory") {
        throw new ClusterError("invalid_call", `--store ${options.store} is not a store`, {
          hint: "take lmdb or memory",
        });
      }
      const port = integerOf(options.port, "--port", 0, 65_535);
      const config = configOf(options);
      makeDataDirectory(options.dataDir, "--data-dir");
      const { startMaster } = await import("@bourse/master/main");
      const master = await begun(
        startMaster({
          host: options.host,
          port,
          dataDir: options.dataDir,
          store: options.store,
          hasJournal: options.journal,
          isInsecure: options.insecure === true,
          ...(options.whitelist !== undefined && { whitelistFile: options.whitelist }),
          config,
          logger,
        }),
      );
      logger.info({ address: master.address, epoch: master.epoch }, "listening");
      await runUntilSignal(master, endedBy(master.fatal), logger);
    });
}

function configOf(options: MasterFlags): MasterOptions["config"] {
  const offerTimeoutMs =
    options.offerTimeout === undefined
      ? undefined
      : durationMs(options.offerTimeout, "--offer-timeout");
  return {
    ...duration("allocationIntervalMs", options.allocationInterval, "--allocation-interval"),
    ...(offerTimeoutMs === undefined
      ? {}
      : { offerTimeoutMs: offerTimeoutMs === 0 ? null : offerTimeoutMs }),
    ...duration("agentPingIntervalMs", options.agentPingInterval, "--agent-ping-interval"),
    ...(options.agentPingMisses === undefined
      ? {}
      : {
          agentPingMissesMax: integerOf(options.agentPingMisses, "--agent-ping-misses", 1, 1_000),
        }),
    ...duration(
      "agentReregisterTimeoutMs",
      options.agentReregisterTimeout,
      "--agent-reregister-timeout",
    ),
    ...duration("failoverTimeoutDefaultMs", options.failoverTimeout, "--failover-timeout"),
    ...sharingOf(options),
  };
}

/** What the allocator is told. */
function sharingOf(options: MasterFlags): MasterOptions["config"] {
  const { roleSorter, frameworkSorter, fairSharingExcluded, minAllocatable, domain } = options;
  return {
    ...(roleSorter !== undefined && { roleSorter: sorterOf(roleSorter, "--role-sorter") }),
    ...(frameworkSorter !== undefined && {
      frameworkSorter: sorterOf(frameworkSorter, "--framework-sorter"),
    }),
    ...(fairSharingExcluded !== undefined && {
      fairnessExcluded: namesOf(fairSharingExcluded, "--fair-sharing-excluded"),
    }),
    ...(minAllocatable !== undefined && {
      minAllocatable: minAllocatableOf(minAllocatable, "--min-allocatable"),
    }),
    ...(domain !== undefined && { domain: parseDomain(domain, "--domain") }),
  };
}

function duration<Name extends string>(
  name: Name,
  text: string | undefined,
  flag: string,
): Partial<Record<Name, number>> {
  if (text === undefined) return {};
  const milliseconds = durationMs(text, flag);
  if (milliseconds === 0) {
    throw new ClusterError("invalid_call", `${flag} must be longer than 0`);
  }
  return { [name]: milliseconds } as Partial<Record<Name, number>>;
}
