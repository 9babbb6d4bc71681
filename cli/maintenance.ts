import { ClusterError } from "@bourse/model/errors";
import type { Machine } from "@bourse/model/maintenance";
import type { MachineView } from "@bourse/model/operator";
import type { Command } from "commander";
import { contextFor, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { listMachines, machinesOf } from "./machines.ts";
import { addScheduleCommands, whenText } from "./maintenance-schedule.ts";
import { type Column, renderList } from "./output.ts";
import { drawOrWatch } from "./watch.ts";

const COLUMNS: readonly Column<MachineView>[] = [
  { title: "MACHINE", value: (row) => row.machine.hostname },
  { title: "MODE", value: (row) => row.mode },
  { title: "FROM", value: (row) => whenText(row.unavailability).from },
  { title: "FOR", value: (row) => whenText(row.unavailability).how },
  { title: "AGENTS", value: (row) => row.agentIds.join(",") || "-" },
  { title: "FRAMEWORKS SAID", value: (row) => answersText(row) },
];

/** `maintenance`: machines that will not be there, or are not (FEATURES M-71). */
export function addMaintenanceCommands(root: Command): void {
  const maintenance = root
    .command("maintenance")
    .description("take machines away with a warning to frameworks, and bring them back")
    .addHelpText("after", examples("bourse maintenance status"));
  maintenance
    .command("status")
    .description("machines that are scheduled or down, and what frameworks said to leaving them")
    .addHelpText("after", examples("bourse maintenance status -w"))
    .action(async (_options: object, command: Command) => {
      const context = contextFor(command);
      await withClient(context, (client) =>
        drawOrWatch(context, client, async () =>
          renderList(context, await listMachines(client), COLUMNS, (row) => row.machine.hostname),
        ),
      );
    });
  maintenance
    .command("start")
    .description(
      "machines that are scheduled go down: their agents are sent away, their tasks lost",
    )
    .addHelpText("after", examples("bourse maintenance start node-1"))
    .argument("<host...>", "names of machines, as agents tell them")
    .action(async (hosts: readonly string[], _options: object, command: Command) => {
      const machines = machinesOf(hosts);
      await withClient(contextFor(command), async (client) => {
        await client.call({ kind: "start-maintenance", machines });
        process.stdout.write(machines.map(({ hostname }) => `${hostname}\n`).join(""));
      });
    });
  maintenance
    .command("stop")
    .description("machines that are down come up again: their agents may return")
    .addHelpText("after", examples("bourse maintenance stop node-1"))
    .argument("<host...>", "names of machines")
    .action(async (hosts: readonly string[], _options: object, command: Command) => {
      const machines = machinesOf(hosts);
      await withClient(contextFor(command), async (client) => {
        refuseStrangers(machines, await listMachines(client));
        await client.call({ kind: "stop-maintenance", machines });
        process.stdout.write(machines.map(({ hostname }) => `${hostname}\n`).join(""));
      });
    });
  addScheduleCommands(maintenance);
}

/** The master lets machines that are up be; to whoever types, a wrong name would go unseen. */
export function refuseStrangers(
  machines: readonly Machine[],
  listed: readonly Pick<MachineView, "machine">[],
): void {
  const known = new Set(listed.map(({ machine }) => machine.hostname.toLowerCase()));
  const stranger = machines.find(({ hostname }) => !known.has(hostname.toLowerCase()));
  if (stranger === undefined) return;
  throw new ClusterError("not_found", `machine ${stranger.hostname} is not down`, {
    hint: "list those that are with `bourse maintenance status`",
  });
}

function answersText({ answers }: MachineView): string {
  return answers.map(({ frameworkId, answer }) => `${frameworkId} ${answer}`).join(", ") || "-";
}
