import type { FrameworkView } from "@bourse/model/operator";
import type { Command } from "commander";
import { contextFor, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { findFramework, listFrameworks } from "./lookup.ts";
import { age, type Column, cpusOf, memOf, printObject, renderList } from "./output.ts";
import { drawOrWatch } from "./watch.ts";

const COLUMNS: readonly Column<FrameworkView>[] = [
  { title: "FRAMEWORK", value: (framework) => framework.frameworkId },
  { title: "NAME", value: (framework) => framework.name },
  { title: "ROLES", value: (framework) => framework.roles.join(",") },
  { title: "CONDITION", value: (framework) => framework.condition },
  { title: "TASKS", value: (framework) => String(framework.tasks), align: "right" },
  { title: "OFFERS", value: (framework) => String(framework.offers), align: "right" },
  { title: "CPUS", value: (framework) => cpusOf(framework.allocated), align: "right" },
  { title: "MEM", value: (framework) => memOf(framework.allocated), align: "right" },
  { title: "AGE", value: (framework) => age(framework.registeredAtMs, Date.now()), align: "right" },
];

export function addFrameworkCommands(root: Command): void {
  const framework = root
    .command("framework")
    .description("list and end frameworks")
    .addHelpText("after", examples("bourse framework ls"));
  framework
    .command("ls")
    .description("frameworks with what they hold")
    .addHelpText("after", examples("bourse framework ls --all"))
    .option("-a, --all", "also those that are completed")
    .action(async (options: { all?: boolean }, command: Command) => {
      const context = contextFor(command);
      await withClient(context, (client) =>
        drawOrWatch(context, client, async () => {
          const rows = await listFrameworks(client, options.all === true);
          return renderList(context, rows, COLUMNS, (row) => row.frameworkId);
        }),
      );
    });
  framework
    .command("inspect")
    .description("all the master knows of a framework, and why it has or lacks offers")
    .addHelpText("after", examples("bourse framework inspect demo"))
    .argument("<framework>", "id, name or unique prefix")
    .action(async (text: string, _options: object, command: Command) => {
      const context = contextFor(command);
      await withClient(context, async (client) => {
        const found = await findFramework(client, text, true);
        const { frameworkId } = found;
        if (found.condition === "completed") {
          printObject(context, found);
          return;
        }
        const subject = { kind: "framework", frameworkId } as const;
        const { explanation } = await client.query({ kind: "explain", subject }, "explanation");
        printObject(context, { ...found, explanation });
      });
    });
  framework
    .command("teardown")
    .description("kill all tasks of a framework; its id can never subscribe again")
    .addHelpText("after", examples("bourse framework teardown demo"))
    .argument("<framework>", "id, name or unique prefix")
    .action(async (text: string, _options: object, command: Command) => {
      const context = contextFor(command);
      await withClient(context, async (client) => {
        const { frameworkId } = await findFramework(client, text);
        await client.call({ kind: "teardown-framework", frameworkId });
        process.stdout.write(`${frameworkId}\n`);
      });
    });
}
