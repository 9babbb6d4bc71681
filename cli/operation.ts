import type { OperationView } from "@bourse/model/operator";
import type { Command } from "commander";
import { contextFor, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { age, type Column, renderList } from "./output.ts";
import { drawOrWatch } from "./watch.ts";

const COLUMNS: readonly Column<OperationView>[] = [
  { title: "OPERATION", value: (row) => row.operationUuid },
  { title: "KIND", value: (row) => row.operation },
  { title: "AGENT", value: (row) => row.agentId },
  { title: "FRAMEWORK", value: (row) => row.frameworkId ?? "operator" },
  { title: "ID", value: (row) => row.operationId ?? "-" },
  { title: "STATE", value: (row) => row.state },
  { title: "AGE", value: (row) => age(row.startedAtMs, Date.now()), align: "right" },
  { title: "MESSAGE", value: (row) => row.message ?? "" },
];

export function addOperationCommands(root: Command): void {
  const operation = root
    .command("operation")
    .description("reservations and volumes in the making")
    .addHelpText("after", examples("bourse operation ls"));
  operation
    .command("ls")
    .description("operations on their way to an agent, or not acknowledged by their framework")
    .addHelpText("after", examples("bourse operation ls -w"))
    .action(async (_options: object, command: Command) => {
      const context = contextFor(command);
      await withClient(context, (client) =>
        drawOrWatch(context, client, async () => {
          const rows: OperationView[] = [];
          for await (const page of client.pages({ kind: "operations", page: { limit: 1000 } }))
            rows.push(...page.operations);
          return renderList(context, rows, COLUMNS, (row) => row.operationUuid);
        }),
      );
    });
}
