import { ClusterError } from "@bourse/model/errors";
import type { Command } from "commander";
import { contextFor } from "./context.ts";
import { examples } from "./examples.ts";
import { printObject } from "./output.ts";

export function addJournalCommands(root: Command): void {
  const journal = root
    .command("journal")
    .description("work with a master's journal")
    .addHelpText(
      "after",
      examples("bourse journal replay .bourse/master/journal/0000000001-000001.journal"),
    );
  journal
    .command("replay")
    .description(
      "apply a journal file again and compare the hashes; `bourse sim replay` looks into it",
    )
    .addHelpText(
      "after",
      examples("bourse journal replay .bourse/master/journal/0000000001-000001.journal"),
    )
    .argument("<file>", "a journal file")
    .action(async (file: string, _options: object, command: Command) => {
      const context = contextFor(command);
      const { replay } = await import("@bourse/master/journal/replay");
      const result = await replay(file);
      printObject(context, result);
      if (result.difference !== null) {
        throw new ClusterError("conflict", `the replay differs: ${result.difference}`, {
          hint: "was the journal written by another build? Its header names the build",
        });
      }
    });
}
