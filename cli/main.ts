import { ClusterError, ERRORS } from "@bourse/model/errors";
import { Command, CommanderError } from "commander";
import { addAgentCommands } from "./agent.ts";
import { contextOf, globalOptions } from "./context.ts";
import { addDoctorCommand } from "./doctor.ts";
import { addEventsCommand } from "./events.ts";
import { examples } from "./examples.ts";
import { addExplainCommands } from "./explain.ts";
import { addFrameworkCommands } from "./framework.ts";
import { addJournalCommands } from "./journal.ts";
import { addLoadCommand } from "./load.ts";
import { addMaintenanceCommands } from "./maintenance.ts";
import { addMasterCommand } from "./master.ts";
import { addOfferCommands } from "./offer.ts";
import { addOperationCommands } from "./operation.ts";
import { addReservationCommands } from "./reservation.ts";
import { addRunnerCommand, addServiceCommand } from "./resident.ts";
import { addRoleCommands } from "./role.ts";
import { addSimCommands } from "./sim.ts";
import { addTaskCommands } from "./task.ts";
import { addTaskRunCommand } from "./task-run.ts";
import { addTaskStreamCommands } from "./task-streams.ts";
import { addUpCommand } from "./up.ts";
import { VERSION } from "./version.ts";
import { addVolumeCommands } from "./volume.ts";

/** Runs one command line and sets the exit code (FEATURES C-3). */
export async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0); // `bourse task ls | head` is no failure.
    throw error;
  });
  try {
    await program().parseAsync(argv);
  } catch (thrown) {
    process.exitCode = report(thrown);
  }
}

export function program(): Command {
  const root = new Command("bourse")
    .description("A two-level datacenter scheduler: run a cluster, ask it, simulate it.")
    .version(VERSION, "--version", "print the version")
    .enablePositionalOptions() // Words behind an image or a task are not ours: options end there.
    .showSuggestionAfterError()
    .addHelpText("after", EXAMPLES);
  addUpCommand(root);
  addMasterCommand(root);
  addAgentCommands(root);
  addFrameworkCommands(root);
  addOfferCommands(root);
  addRoleCommands(root);
  addReservationCommands(root);
  addVolumeCommands(root);
  addOperationCommands(root);
  addMaintenanceCommands(root);
  addExplainCommands(root);
  const task = root
    .command("task")
    .description("run, list and look into tasks")
    .addHelpText("after", examples("bourse task run busybox echo hello"))
    .enablePositionalOptions();
  addTaskRunCommand(task);
  addTaskCommands(task);
  addTaskStreamCommands(task);
  addEventsCommand(root);
  addJournalCommands(root);
  addSimCommands(root);
  addRunnerCommand(root);
  addServiceCommand(root);
  addLoadCommand(root);
  addDoctorCommand(root);
  for (const command of everyCommand(root)) {
    // Words behind an image or a task are not ours, so options end there; global flags may stand at every level.
    command
      .enablePositionalOptions()
      .exitOverride()
      .configureOutput({ outputError: () => {} });
    if (command !== root) command.addHelpText("after", GLOBAL_FLAGS);
    for (const option of globalOptions()) command.addOption(option.hideHelp(command !== root));
  }
  return root;
}

const GLOBAL_FLAGS = "\nFlags of every command (--master, --output, ...): `bourse --help`";

const EXAMPLES = `
Examples:
  bourse up                                  a local cluster in one command
  bourse task run busybox echo hello         run a container and see its output
  bourse task ls -w                          all tasks, drawn again after every change
  bourse task why web-1a2b                   why a task waits or was lost
  bourse explain framework demo              why it gets no offers, and what would help
  bourse sim run --agents 1000 --tasks 100000`;

function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** One error, three lines at most: what and why, then what to do. */
function report(thrown: unknown): number {
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return 0;
    if (thrown.code === "commander.help") return 2;
    process.stderr.write(`bourse: ${thrown.message.replace(/^error: /, "")}\n`);
    process.stderr.write("  see `bourse --help`, or --help behind any command\n");
    return 2;
  }
  const error = ClusterError.from(thrown);
  const colors = contextColors();
  process.stderr.write(`${colors.red("bourse:")} ${error.message}\n`);
  if (error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`);
  if (error.code === "internal" && process.env.BOURSE_DEBUG !== undefined) {
    process.stderr.write(
      `${String(error.cause instanceof Error ? error.cause.stack : error.stack)}\n`,
    );
  }
  return ERRORS[error.code].exit;
}

function contextColors(): ReturnType<typeof contextOf>["colors"] {
  return contextOf(process.argv.includes("--no-color") ? { color: false } : {}).colors;
}
