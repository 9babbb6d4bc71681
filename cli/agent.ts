import { ClusterError } from "@bourse/model/errors";
import type { AgentView } from "@bourse/model/operator";
import type { Command } from "commander";
import { contextFor, durationMs, integerOf, withClient } from "./context.ts";
import { begun, daemonLogger, runUntilSignal } from "./daemon.ts";
import { makeDataDirectory } from "./data-directory.ts";
import { examples } from "./examples.ts";
import { findAgent, listAgents } from "./lookup.ts";
import { age, type Column, cpusOf, memOf, printObject, renderList } from "./output.ts";
import { readRegistryAuth } from "./registry-auth.ts";
import { drawOrWatch } from "./watch.ts";

const COLUMNS: readonly Column<AgentView>[] = [
  { title: "AGENT", value: (agent) => agent.agentId },
  { title: "HOST", value: (agent) => agent.hostname },
  { title: "CONDITION", value: (agent) => agent.condition },
  { title: "TASKS", value: (agent) => String(agent.tasks), align: "right" },
  {
    title: "CPUS",
    value: (agent) => `${cpusOf(agent.allocated)}/${cpusOf(agent.total)}`,
    align: "right",
  },
  {
    title: "MEM",
    value: (agent) => `${memOf(agent.allocated)}/${memOf(agent.total)}`,
    align: "right",
  },
  { title: "OFFERED", value: (agent) => cpusOf(agent.offered), align: "right" },
  { title: "AGE", value: (agent) => age(agent.registeredAtMs, Date.now()), align: "right" },
];

interface AgentFlags {
  readonly workDir: string;
  readonly hostname?: string;
  readonly resources?: string;
  readonly attributes?: string;
  readonly domain?: string;
  readonly containerizer: string;
  readonly fakeStart: string;
  readonly cluster?: string;
  readonly count: string;
  readonly dockerSocket?: string;
  readonly registryAuth?: string;
  readonly onStop: string;
  readonly logLevel: string;
}

export function addAgentCommands(root: Command): void {
  const agent = root
    .command("agent")
    .description("run an agent on this machine; or list, inspect and steer agents")
    .option("--work-dir <directory>", "checkpoints and sandboxes", ".bourse/agent")
    .option("--hostname <name>", "how it is listed (default: of the machine)")
    .option(
      "--resources <list>",
      "instead of what is detected: cpus:4;mem:8192;ports:[31000-32000]",
    )
    .option("--attributes <list>", "e.g. rack:r1;zone:a")
    .option("--domain <region/zone>", "where it is (default: where the master is)")
    .option("--containerizer <kind>", "docker, process or fake (for load tests)", "docker")
    .option("--fake-start <duration>", "until a fake container runs", "0s")
    .option("--cluster <name>", "a label on its containers, to find them by")
    .option("--count <number>", "so many agents in this process (for load tests)", "1")
    .option("--docker-socket <path>", "where the engine listens")
    .option("--registry-auth <file>", "a Docker config.json with credentials for image registries")
    .option("--on-stop <what>", "keep its containers running, or remove them", "keep")
    .option("--log-level <level>", "trace, debug, info, warn or error", "info")
    .addHelpText(
      "after",
      examples(
        "bourse agent --work-dir /var/lib/bourse/agent --attributes 'rack:r1;zone:a'",
        "bourse agent ls -w",
        "bourse agent deactivate agent-1",
      ),
    )
    .action(async (options: AgentFlags, command: Command) => {
      const { masters } = contextFor(command);
      const logger = daemonLogger("agent", options.logLevel);
      const onStop = onStopOf(options.onStop);
      const containerizer = containerizerOf(options.containerizer);
      const count = integerOf(options.count, "--count", 1, 10_000);
      const fakeStartMs = durationMs(options.fakeStart, "--fake-start");
      makeDataDirectory(options.workDir, "--work-dir");
      const { startAgent } = await import("@bourse/agent/main");
      const daemon = await begun(
        startAgent({
          masters,
          workDir: options.workDir,
          containerizer,
          fakeStartMs,
          count,
          logger,
          ...(options.hostname === undefined ? {} : { hostname: options.hostname }),
          ...(options.resources === undefined ? {} : { resources: options.resources }),
          ...(options.attributes === undefined ? {} : { attributes: options.attributes }),
          ...(options.domain === undefined ? {} : { domain: options.domain }),
          ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
          ...(options.dockerSocket === undefined ? {} : { dockerSocket: options.dockerSocket }),
          ...(options.registryAuth === undefined
            ? {}
            : { registryCredentials: await readRegistryAuth(options.registryAuth) }),
        }),
      );
      const ended = daemon.ended.then((end) => {
        if (end.kind === "failed") throw end.error;
        logger.warn({ message: end.message }, "removed by the master");
      });
      await runUntilSignal({ stop: () => daemon.close(onStop) }, ended, logger);
    });
  agent
    .command("ls")
    .description("agents with what they hold")
    .addHelpText("after", examples("bourse agent ls", "bourse agent ls -o json"))
    .action(async (_options: object, command: Command) => {
      const context = contextFor(command);
      await withClient(context, (client) =>
        drawOrWatch(context, client, async () =>
          renderList(context, await listAgents(client), COLUMNS, (row) => row.agentId),
        ),
      );
    });
  agent
    .command("inspect")
    .description("all the master knows of an agent")
    .addHelpText("after", examples("bourse agent inspect agent-1"))
    .argument("<agent>", "id, hostname or unique part of the id")
    .action(async (text: string, _options: object, command: Command) => {
      const context = contextFor(command);
      await withClient(context, async (client) =>
        printObject(context, await findAgent(client, text)),
      );
    });
  for (const kind of ["deactivate", "reactivate"] as const) {
    agent
      .command(kind)
      .description(
        kind === "deactivate"
          ? "offer its resources no more; its tasks go on"
          : "offer its resources again",
      )
      .addHelpText("after", examples(`bourse agent ${kind} agent-1`))
      .argument("<agent>", "id, hostname or unique part of the id")
      .action(async (text: string, _options: object, command: Command) => {
        const context = contextFor(command);
        await withClient(context, async (client) => {
          const { agentId } = await findAgent(client, text);
          await client.call({ kind: `${kind}-agent`, agentId });
          process.stdout.write(`${agentId}\n`);
        });
      });
  }
}

function onStopOf(text: string): "keep" | "remove" {
  if (text === "keep" || text === "remove") return text;
  throw new ClusterError("invalid_call", `--on-stop ${text} is none`, {
    hint: "take keep or remove",
  });
}

function containerizerOf(text: string): "docker" | "process" | "fake" {
  if (text === "docker" || text === "process" || text === "fake") return text;
  throw new ClusterError("invalid_call", `--containerizer ${text} is none`, {
    hint: "take docker, process or fake",
  });
}
