import { ClusterError } from "@bourse/model/errors";
import { scalarMilli } from "@bourse/model/resources";
import type { Command } from "commander";
import { parseConstraint } from "./constraint-text.ts";
import { collect, contextFor, integerOf } from "./context.ts";
import { begun, daemonLogger, endedBy, runUntilSignal } from "./daemon.ts";
import { makeDataDirectory } from "./data-directory.ts";
import { examples } from "./examples.ts";
import { roleOf } from "./role-lookup.ts";
import { addSpecOptions, amountsOf, type SpecFlags, specOf } from "./task-spec.ts";

export function addRunnerCommand(root: Command): void {
  root
    .command("runner")
    .description("the resident framework that owns the tasks of `task run`")
    .requiredOption("--state-dir <directory>", "where its jobs are written down")
    .option("--role <role>", "on whose share its tasks run", "*")
    .option("--log-level <level>", "trace, debug, info, warn or error", "info")
    .addHelpText("after", examples("bourse runner --state-dir /var/lib/bourse/runner"))
    .action(async (options: RunnerFlags, command: Command) => {
      const { masters } = contextFor(command);
      const logger = daemonLogger("runner", options.logLevel);
      const role = roleOf(options.role, "--role");
      makeDataDirectory(options.stateDir, "--state-dir");
      const { startRunner } = await import("@bourse/runner/main");
      const runner = await begun(
        startRunner({ masters, role, stateDir: options.stateDir, logger }),
      );
      await runUntilSignal(runner, endedBy(runner.fatal), logger);
    });
}

interface RunnerFlags {
  readonly stateDir: string;
  readonly role: string;
  readonly logLevel: string;
}

interface ServiceFlags extends SpecFlags {
  readonly name: string;
  readonly role: string;
  readonly constraint?: readonly string[];
  readonly instances: string;
  readonly image?: string;
  readonly stateDir: string;
  readonly logLevel: string;
}

export function addServiceCommand(root: Command): void {
  const service = root
    .command("service")
    .description("the demo service framework: keeps N instances of a container alive")
    .argument("[command...]", "instead of the image's own")
    .option("--name <name>", "of the framework and its tasks", "demo")
    .option("--role <role>", "on whose share its tasks run", "*")
    .option(
      "--constraint <constraint>",
      "only on agents with rack=r1, rack!=r1, rack~r[12], ssd or !ssd; @hostname too; repeat it",
      collect,
    )
    .option("--instances <count>", "how many to keep", "3")
    .option("--image <image>", "container image; without one a process of the host runs")
    .requiredOption("--state-dir <directory>", "where its framework id is written down")
    .option("--log-level <level>", "trace, debug, info, warn or error", "info");
  addSpecOptions(service)
    .passThroughOptions()
    .addHelpText(
      "after",
      examples(
        "bourse service --state-dir state --instances 5 --image bourse/demo:1 -p 8080 -- httpd -f",
      ),
    )
    .action(async (words: readonly string[], options: ServiceFlags, command: Command) => {
      const { masters } = contextFor(command);
      const logger = daemonLogger("service", options.logLevel);
      if (options.image === undefined && words.length === 0) {
        throw new ClusterError("invalid_call", "neither --image nor a command says what to run");
      }
      const role = roleOf(options.role, "--role");
      const constraints = options.constraint?.map(parseConstraint);
      const amounts = amountsOf(options);
      const instances = integerOf(options.instances, "--instances", 0, 100_000);
      const spec = specOf(options.image, words, options);
      makeDataDirectory(options.stateDir, "--state-dir");
      const { startService } = await import("@bourse/service/main");
      const running = await begun(
        startService({
          masters,
          name: options.name,
          role,
          ...(constraints && { constraints: [constraints] }),
          instances,
          stateDir: options.stateDir,
          spec,
          amounts: {
            cpus: scalarMilli(amounts, "cpus") / 1000,
            mem: scalarMilli(amounts, "mem") / 1000,
          },
          logger,
        }),
      );
      await runUntilSignal(running, endedBy(running.fatal), logger);
    });
}
