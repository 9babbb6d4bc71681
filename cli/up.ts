import type { Command } from "commander";
import { contextFor } from "./context.ts";
import { examples } from "./examples.ts";

export interface UpFlags {
  readonly demo?: boolean;
  readonly once?: boolean;
  readonly agents: string;
  readonly port: string;
  readonly instances: string;
  readonly install: boolean;
  readonly containerizer: string;
  readonly dataDir?: string;
}

export function addUpCommand(root: Command): void {
  root
    .command("up")
    .description(
      "a whole cluster on this machine: a master, agents, the runner; Ctrl-C stops it all",
    )
    .option("--demo", "also the demo service, which keeps some containers alive")
    .option("--once", "demo: start, scale, kill one container, see it replaced, stop; then exit")
    .option("--agents <count>", "how many agents share the machine", "3")
    .option("--instances <count>", "of the demo service", "3")
    .option("--port <port>", "of the master; 0 = any free one", "5050")
    .option("--containerizer <kind>", "auto, docker or process", "auto")
    .option("--no-install", "never install anything")
    .option(
      "--data-dir <directory>",
      "keep state here (default: a temporary one, removed at the end)",
    )
    .addHelpText(
      "after",
      examples("bourse up --demo", "bourse up --agents 5 --port 0 --containerizer process"),
    )
    .action(async (options: UpFlags, command: Command) => {
      const { up } = await import("./up-run.ts");
      await up(contextFor(command), options);
    });
}
