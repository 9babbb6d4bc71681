import type { OperatorChange, OperatorEvent } from "@bourse/model/operator";
import { formatMilli } from "@bourse/model/resources";
import type { Command } from "commander";
import { type Context, contextFor, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { plain, printable, renderData } from "./output.ts";

export function addEventsCommand(root: Command): void {
  root
    .command("events")
    .description("what happened in the cluster; with -f also what happens from now on")
    .option("-f, --follow", "go on until Ctrl-C")
    .addHelpText("after", examples("bourse events -f", "bourse events -o json | jq .change"))
    .action(async (options: { follow?: boolean }, command: Command) => {
      const context = contextFor(command);
      await withClient(context, async (client) => {
        const { master } = await client.query({ kind: "master" }, "master");
        if (options.follow !== true && master.sequence === 0) return;
        const events = client.events({ epoch: master.epoch, sequence: 0 });
        process.once("SIGINT", () => events.cancel());
        for await (const event of events) {
          process.stdout.write(renderEvent(context, event));
          if (options.follow !== true && event.sequence >= master.sequence) break;
        }
        events.cancel();
      });
    });
}

/** One line an event, as a sentence or as JSON; or one YAML document each; or only its position. */
export function renderEvent(context: Context, event: OperatorEvent): string {
  if (context.isQuiet) return `${event.epoch}.${event.sequence}\n`;
  if (context.output === "table") return lineOf(event);
  if (context.output === "yaml") return `---\n${renderData(context, event)}`;
  return `${JSON.stringify(plain(event))}\n`;
}

function lineOf(event: OperatorEvent): string {
  const time = new Date(event.wallMs).toISOString();
  return `${time}  ${event.epoch}.${event.sequence}  ${printable(wordsOf(event.change))}\n`;
}

/** One change as a person would say it. */
export function wordsOf(change: OperatorChange): string {
  switch (change.kind) {
    case "agent-added":
      return `agent ${change.agentId} (${change.hostname}) joined`;
    case "agent-changed":
      return `agent ${change.agentId} is ${change.condition}: ${change.cause}`;
    case "agent-removed":
      return `agent ${change.agentId} left: ${change.cause}`;
    case "framework-added":
      return `framework ${change.frameworkId} (${change.name}) subscribed`;
    case "framework-changed":
      return `framework ${change.frameworkId} is ${change.condition}: ${change.cause}`;
    case "framework-removed":
      return `framework ${change.frameworkId} is gone: ${change.cause}`;
    case "task-added":
      return `task ${change.taskId} was launched on ${change.agentId}`;
    case "task-updated": {
      const { taskId, state, reason, message } = change.status;
      const because = [reason, message].filter((part) => part !== undefined).join(", ");
      return `task ${taskId} is ${state}${because === "" ? "" : ` (${because})`}`;
    }
    case "task-removed":
      return `task ${change.taskId} is over and acknowledged`;
    case "quota-changed":
      return `the quota of role ${change.role} changed`;
    case "weight-changed":
      return `role ${change.role} weighs ${formatMilli(change.weightMilli)}`;
    case "operation-updated":
      return `operation ${change.operationUuid} on ${change.agentId} is ${change.state}`;
    case "maintenance-changed":
      return `machine ${change.hostname} is ${change.mode}`;
    case "gap":
      return `events before ${change.fromSequence} are no longer kept`;
  }
}
