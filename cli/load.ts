import { createInterface } from "node:readline";
import { ClusterError } from "@bourse/model/errors";
import type { LoadCommand, LoadReply } from "@bourse/model/load";
import type { Command } from "commander";
import { contextFor } from "./context.ts";
import { begun, daemonLogger, runUntilSignal } from "./daemon.ts";
import { examples } from "./examples.ts";

interface LoadFlags {
  readonly task: string;
  readonly seed: string;
  readonly logLevel: string;
}

/** Not listed in the help: `sim live` starts it and talks with it, a line of JSON each way (model/load). */
export function addLoadCommand(root: Command): void {
  root
    .command("load", { hidden: true })
    .description(
      "the framework that `sim live` measures with; commands on stdin, replies on stdout",
    )
    .option("--task <amounts>", "what each task takes", "cpus:0.1;mem:32")
    .option("--seed <text>", "of the times of submission", "1")
    .option("--log-level <level>", "trace, debug, info, warn or error", "info")
    .addHelpText("after", examples("bourse load --task 'cpus:0.1;mem:32'"))
    .action(async (flags: LoadFlags, command: Command) => {
      const { masters } = contextFor(command);
      const logger = daemonLogger("load", flags.logLevel);
      const { Load } = await import("@bourse/load/main");
      const { task: resources, seed } = flags;
      const load = await begun(
        Load.start({ masters, resources, seed, logger, onReply: writeReply }),
      );
      const lines = createInterface({ input: process.stdin });
      lines.on("line", (line) => {
        const wanted = commandOf(line);
        if (wanted === null) writeReply({ kind: "refused", message: `no command: ${line}` });
        else load.command(wanted);
      });
      // Whoever started it is gone: nobody wants the load any more.
      lines.on("close", () => void load.stop());
      await runUntilSignal(load, load.ended, logger);
    });
}

function writeReply(reply: LoadReply): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

/** From our own parent: the shape is trusted, that it is JSON is not. */
function commandOf(line: string): LoadCommand | null {
  try {
    const command = JSON.parse(line) as LoadCommand;
    return typeof command?.kind === "string" ? command : null;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null;
    throw ClusterError.from(thrown);
  }
}
