import { ClusterError } from "@bourse/model/errors";
import type { ResourceOperation } from "@bourse/model/operation";
import type { VolumeView } from "@bourse/model/operator";
import { formatMilli, type Resource, scalar } from "@bourse/model/resources";
import { readScalarMilli } from "@bourse/model/value-text";
import type { Command } from "commander";
import type { OperatorClient } from "./client.ts";
import { contextFor, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { findAgent } from "./lookup.ts";
import { type Column, printList } from "./output.ts";
import { pickResources } from "./pick-resources.ts";
import { roleOf } from "./role-lookup.ts";

const COLUMNS: readonly Column<VolumeView>[] = [
  { title: "VOLUME", value: (row) => row.volumeId },
  { title: "AGENT", value: (row) => row.agentId },
  { title: "ROLE", value: (row) => row.role },
  { title: "MB", value: (row) => formatMilli(sizeMilli(row.resource)), align: "right" },
  { title: "PATH", value: (row) => row.resource.disk?.volume?.containerPath ?? "-" },
  { title: "SHARED", value: (row) => (row.resource.isShared ? "yes" : "no") },
  {
    title: "USED BY",
    value: (row) => row.usedBy.map(({ taskId }) => taskId).join(",") || "-",
  },
  { title: "ORPHANED", value: (row) => (row.isOrphaned ? "yes" : "no") },
];

interface CreateFlags {
  readonly agent: string;
  readonly role: string;
  readonly id: string;
  readonly path: string;
  readonly shared?: boolean;
}

/** Ids are unique for a role on an agent only. */
interface Where {
  readonly agent?: string;
  readonly role?: string;
}

export function addVolumeCommands(root: Command): void {
  const volume = root
    .command("volume")
    .description("disk that outlives the tasks that use it")
    .addHelpText("after", examples("bourse volume ls"));
  volume
    .command("ls")
    .description("volumes, where they are and who uses them")
    .option("--orphaned", "only where no framework has the role or one below it")
    .addHelpText("after", examples("bourse volume ls --orphaned"))
    .action(async (options: { orphaned?: boolean }, command: Command) => {
      const context = contextFor(command);
      await withClient(context, async (client) => {
        const rows = await listVolumes(client);
        const shown = options.orphaned === true ? rows.filter((row) => row.isOrphaned) : rows;
        printList(context, shown, COLUMNS, (row) => row.volumeId);
      });
    });
  addCreateCommand(volume);
  volume
    .command("rm")
    .description("destroy a volume that no task uses, with all data in it; its reservation stays")
    .option("--agent <agent>", "where others have the same id")
    .option("--role <role>", "the same")
    .addHelpText("after", examples("bourse volume rm db-1"))
    .argument("<volume>", "its whole id")
    .action(async (id: string, where: Where, command: Command) => {
      await withClient(contextFor(command), async (client) => {
        const found = await findVolume(client, id, where);
        await operate(client, found, { kind: "destroy", volumes: [found.resource] });
      });
    });
  for (const kind of ["grow", "shrink"] as const) addResizeCommand(volume, kind);
}

function addCreateCommand(volume: Command): void {
  volume
    .command("create")
    .description("make a volume of free disk that is reserved for a role")
    .requiredOption("--agent <agent>", "id, hostname or unique part of the id")
    .requiredOption("--role <role>", "of the reservation")
    .requiredOption("--id <id>", "its name, unique for the role on the agent")
    .requiredOption("--path <path>", "where containers see it, relative to their sandbox")
    .option("--shared", "several tasks may use it at once")
    .addHelpText(
      "after",
      examples("bourse volume create --agent agent-1 --role eng --id db-1 --path data 1024"),
    )
    .argument("<megabytes>")
    .action(async (text: string, options: CreateFlags, command: Command) => {
      const role = roleOf(options.role, "--role");
      const milli = megabytesOf(text, "the size");
      if (options.id.trim() === "")
        throw new ClusterError("invalid_call", "--id is empty", { hint: "name it, e.g. db-1" });
      await withClient(contextFor(command), async (client) => {
        const agent = await findAgent(client, options.agent);
        const disks = pickResources(agent.total, [scalar("disk", milli)], { role });
        const [disk] = disks;
        if (disk === undefined || disks.length > 1)
          throw new ClusterError(
            "conflict",
            `no single disk of ${agent.agentId} has ${text} MB reserved for ${role}`,
            { hint: "reserve it in one piece, or make the volume smaller" },
          );
        const made: Resource = {
          ...disk,
          disk: {
            ...disk.disk,
            persistence: { id: options.id },
            volume: { containerPath: options.path, mode: "RW" },
          },
          ...(options.shared === true && { isShared: true }),
        };
        const { agentId } = agent;
        const operation = { kind: "create", volumes: [made] } as const;
        await client.call({ kind: "operate", agentId, operation });
        process.stdout.write(`${options.id}\n`);
      });
    });
}

function addResizeCommand(volume: Command, kind: "grow" | "shrink"): void {
  volume
    .command(kind)
    .description(
      kind === "grow"
        ? "add free disk of its reservation to a volume that no task uses"
        : "give disk of a volume that no task uses back to its reservation",
    )
    .requiredOption("--by <megabytes>", "how much")
    .option("--agent <agent>", "where others have the same id")
    .option("--role <role>", "the same")
    .addHelpText("after", examples(`bourse volume ${kind} db-1 --by 512`))
    .argument("<volume>", "its whole id")
    .action(async (id: string, options: Where & { by: string }, command: Command) => {
      const milli = megabytesOf(options.by, "--by");
      await withClient(contextFor(command), async (client) => {
        const found = await findVolume(client, id, options);
        await operate(
          client,
          found,
          kind === "grow"
            ? { kind: "grow-volume", volume: found.resource, addition: addition(found, milli) }
            : { kind: "shrink-volume", volume: found.resource, subtractMilli: milli },
        );
      });
    });
}

async function operate(
  client: OperatorClient,
  { agentId, volumeId }: VolumeView,
  operation: ResourceOperation,
): Promise<void> {
  await client.call({ kind: "operate", agentId, operation });
  process.stdout.write(`${volumeId}\n`);
}

/** Disk of the volume's own reservation and source. */
function addition({ resource }: VolumeView, milli: number): Resource {
  const { disk, reservations } = resource;
  return {
    ...scalar("disk", milli),
    ...(reservations && { reservations }),
    ...(disk?.source && { disk: { source: disk.source } }),
  };
}

async function listVolumes(client: OperatorClient): Promise<readonly VolumeView[]> {
  const rows: VolumeView[] = [];
  for await (const page of client.pages({ kind: "volumes", page: { limit: 1000 } }))
    rows.push(...page.volumes);
  return rows;
}

async function findVolume(
  client: OperatorClient,
  id: string,
  { agent, role }: Where,
): Promise<VolumeView> {
  const agentId = agent === undefined ? undefined : (await findAgent(client, agent)).agentId;
  const wanted = role === undefined ? undefined : roleOf(role, "--role");
  const rows = (await listVolumes(client)).filter(
    (row) =>
      (agentId === undefined || row.agentId === agentId) &&
      (wanted === undefined || row.role === wanted),
  );
  return volumeNamed(id, rows);
}

/** By its whole id, other than what else has ids: destroying a volume that begins alike cannot be taken back. */
export function volumeNamed(id: string, rows: readonly VolumeView[]): VolumeView {
  const found = rows.filter((row) => row.volumeId === id);
  const [first, second] = found;
  if (first === undefined)
    throw new ClusterError("not_found", `there is no volume ${JSON.stringify(id)}`, {
      hint: "list them with `bourse volume ls`; give the whole id",
    });
  if (second === undefined) return first;
  const all = found.map(({ role, agentId }) => `that of role ${role} on ${agentId}`).join(", ");
  throw new ClusterError("invalid_call", `volume ${JSON.stringify(id)} may be ${all}`, {
    hint: "say which with --agent, --role or both",
  });
}

/** Disk is counted in megabytes, as in Mesos. */
function megabytesOf(text: string, where: string): number {
  const refuse = (message: string): ClusterError =>
    new ClusterError("invalid_call", message, { hint: "write megabytes, e.g. 1024" });
  const at = `${where} ${JSON.stringify(text)}`;
  const milli = readScalarMilli(text, at, refuse);
  if (milli === 0) throw refuse(`${at}: it must be more than 0`);
  return milli;
}

function sizeMilli({ value }: Resource): number {
  return value.type === "scalar" ? value.milli : 0;
}
