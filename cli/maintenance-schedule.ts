import { readFileSync } from "node:fs";
import { durationText } from "@bourse/model/duration-text";
import { ClusterError } from "@bourse/model/errors";
import type { MaintenanceWindow, Unavailability } from "@bourse/model/maintenance";
import type { MachineView } from "@bourse/model/operator";
import type { Command } from "commander";
import { parse } from "yaml";
import type { OperatorClient } from "./client.ts";
import { contextFor, durationMs, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { listMachines, machinesOf } from "./machines.ts";
import { type Column, printList } from "./output.ts";

/** A window as files and JSON output have it. */
interface WindowText {
  readonly hosts: readonly string[];
  /** ISO 8601. */
  readonly start: string;
  /** As `2h`; absent = for good. */
  readonly duration?: string;
}

const COLUMNS: readonly Column<WindowText>[] = [
  { title: "FROM", value: (row) => row.start },
  { title: "FOR", value: (row) => row.duration ?? "good" },
  { title: "MACHINES", value: (row) => row.hosts.join(",") },
];

const FILE_FORM = "a list like `- {hosts: [node-1], start: 2026-01-31T08:00:00Z, duration: 2h}`";

export function addScheduleCommands(maintenance: Command): void {
  const schedule = maintenance
    .command("schedule")
    .description("which machines will not be there, from when and for how long")
    .addHelpText("after", examples("bourse maintenance schedule get"));
  schedule
    .command("get")
    .description("the whole schedule; what -o json or yaml prints, `schedule set` reads")
    .addHelpText("after", examples("bourse maintenance schedule get -o yaml"))
    .action(async (_options: object, command: Command) => {
      const context = contextFor(command);
      await withClient(context, async (client) => {
        const windows = (await windowsNow(client)).map(textOf);
        printList(context, windows, COLUMNS, (row) => row.hosts.join("\n"));
      });
    });
  schedule
    .command("set")
    .description("replace the whole schedule by that of a file")
    .addHelpText("after", examples("bourse maintenance schedule set plan.yaml"))
    .argument("<file>", "YAML or JSON; - for stdin")
    .action(async (file: string, _options: object, command: Command) => {
      const windows = readWindows(file);
      await withClient(contextFor(command), (client) => update(client, windows));
    });
  schedule
    .command("add")
    .description("add a window for machines; frameworks are asked at once to leave them")
    .requiredOption("--start <time>", "now, in a while (+2h), or 2026-01-31T08:00:00Z")
    .option("--duration <duration>", "e.g. 2h (default: for good)")
    .addHelpText(
      "after",
      examples("bourse maintenance schedule add node-1 --start +30m --duration 2h"),
    )
    .argument("<host...>", "names of machines, as agents tell them")
    .action(
      async (
        hosts: readonly string[],
        options: { start: string; duration?: string },
        command: Command,
      ) => {
        const machines = machinesOf(hosts);
        const startMs = timeOf(options.start, "--start", Date.now());
        const unavailability = {
          startMs,
          ...(options.duration !== undefined && {
            durationMs: lengthOf(options.duration, "--duration"),
          }),
        };
        await withClient(contextFor(command), async (client) =>
          update(client, [...(await windowsNow(client)), { machines, unavailability }]),
        );
      },
    );
  schedule
    .command("rm")
    .description("take machines out of the schedule; those that are down must come up first")
    .addHelpText("after", examples("bourse maintenance schedule rm node-1"))
    .argument("<host...>", "names of machines")
    .action(async (hosts: readonly string[], _options: object, command: Command) => {
      const gone = new Set(machinesOf(hosts).map(({ hostname }) => hostname.toLowerCase()));
      await withClient(contextFor(command), async (client) => {
        const windows = await windowsNow(client);
        await update(client, without(windows, gone));
      });
    });
}

async function update(
  client: OperatorClient,
  windows: readonly MaintenanceWindow[],
): Promise<void> {
  await client.call({ kind: "update-maintenance-schedule", windows });
  const count = windows.reduce((sum, { machines }) => sum + machines.length, 0);
  process.stdout.write(`${counted(count, "machine")} in ${counted(windows.length, "window")}\n`);
}

async function windowsNow(client: OperatorClient): Promise<readonly MaintenanceWindow[]> {
  return windowsOf(await listMachines(client));
}

/** Machines with the same times make a window, in the order of their start. */
export function windowsOf(machines: readonly MachineView[]): readonly MaintenanceWindow[] {
  const windows = new Map<string, MaintenanceWindow>();
  for (const { machine, unavailability } of machines) {
    if (unavailability === undefined) continue;
    const key = `${unavailability.startMs} ${unavailability.durationMs ?? ""}`;
    const others = windows.get(key)?.machines ?? [];
    windows.set(key, { machines: [...others, machine], unavailability });
  }
  return Array.from(windows.values()).sort(
    (a, b) => a.unavailability.startMs - b.unavailability.startMs,
  );
}

/** A machine that is not scheduled is refused, because a wrong name would go unseen. */
export function without(
  windows: readonly MaintenanceWindow[],
  hosts: ReadonlySet<string>,
): readonly MaintenanceWindow[] {
  const known = new Set(windows.flatMap(({ machines }) => machines.map(keyOf)));
  for (const host of hosts)
    if (!known.has(host))
      throw new ClusterError("not_found", `host ${host} is not scheduled`, {
        hint: "see `bourse maintenance schedule get`",
      });
  return windows
    .map((window) => ({
      ...window,
      machines: window.machines.filter((machine) => !hosts.has(keyOf(machine))),
    }))
    .filter(({ machines }) => machines.length > 0);
}

/** `now`, `+2h` or a date with its zone. */
export function timeOf(text: string, flag: string, nowMs: number): number {
  if (text === "now") return nowMs;
  if (text.startsWith("+")) return nowMs + durationMs(text.slice(1), flag);
  const isDated = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const milliseconds = isDated ? Date.parse(text) : Number.NaN;
  if (Number.isSafeInteger(milliseconds) && milliseconds >= 0) return milliseconds;
  throw new ClusterError("invalid_call", `${flag} ${JSON.stringify(text)} is not a time`, {
    hint: "write now, +2h, or a date with its zone like 2026-01-31T08:00:00Z",
  });
}

/** Of a window: of no length it would be over when it begins, and elsewhere 0 is for ever. */
function lengthOf(text: string, flag: string): number {
  const length = durationMs(text, flag);
  if (length > 0) return length;
  throw new ClusterError("invalid_call", `${flag} ${JSON.stringify(text)}: a window has a length`, {
    hint: "write one like 2h; leave it out for good",
  });
}

/** For a table. */
export function whenText(unavailability: Unavailability | undefined): {
  readonly from: string;
  readonly how: string;
} {
  if (unavailability === undefined) return { from: "-", how: "-" };
  const { start, duration } = timesOf(unavailability);
  return { from: start, how: duration ?? "good" };
}

export function parseWindows(text: string, name: string): readonly MaintenanceWindow[] {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw wrongFile(name, (cause as Error).message.split("\n")[0] ?? "");
  }
  if (!Array.isArray(value)) throw wrongFile(name, "it is not a list");
  return value.map((item: unknown, index) => windowOf(item, `${name}: window ${index + 1}`));
}

function readWindows(file: string): readonly MaintenanceWindow[] {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (cause) {
    throw new ClusterError("not_found", `read ${file}: ${(cause as Error).message}`, {
      cause,
      hint: `name a file with ${FILE_FORM}, or - for stdin`,
    });
  }
  return parseWindows(text, file === "-" ? "stdin" : file);
}

function windowOf(item: unknown, where: string): MaintenanceWindow {
  if (typeof item !== "object" || item === null) throw wrongFile(where, "it is not an object");
  const { hosts, start, duration, ...rest } = item as Record<string, unknown>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw wrongFile(where, `${unknown} is not known`);
  if (!Array.isArray(hosts) || hosts.length === 0 || !hosts.every((one) => typeof one === "string"))
    throw wrongFile(where, "hosts must be a list of names");
  if (typeof start !== "string") throw wrongFile(where, "start must be a time");
  if (duration !== undefined && typeof duration !== "string")
    throw wrongFile(where, "duration must be text like 2h");
  return {
    machines: machinesOf(hosts as string[]),
    unavailability: {
      startMs: timeOf(start, `${where}: start`, Date.now()),
      ...(duration !== undefined && { durationMs: lengthOf(duration, `${where}: duration`) }),
    },
  };
}

function textOf({ machines, unavailability }: MaintenanceWindow): WindowText {
  return { hosts: machines.map(({ hostname }) => hostname), ...timesOf(unavailability) };
}

function timesOf({ startMs, durationMs }: Unavailability): Omit<WindowText, "hosts"> {
  const start = new Date(startMs).toISOString();
  return durationMs === undefined ? { start } : { start, duration: durationText(durationMs) };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function keyOf({ hostname }: { readonly hostname: string }): string {
  return hostname.toLowerCase();
}

function wrongFile(where: string, why: string): ClusterError {
  return new ClusterError("invalid_call", `${where}: ${why}`, { hint: `write ${FILE_FORM}` });
}
