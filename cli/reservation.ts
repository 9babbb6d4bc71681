import { ClusterError } from "@bourse/model/errors";
import type { AgentView, ReservationView } from "@bourse/model/operator";
import type { Label, Resource, Resources } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { isRoleBelow } from "@bourse/model/role-name";
import type { Command } from "commander";
import type { OperatorClient } from "./client.ts";
import { collect, contextFor, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { findAgent } from "./lookup.ts";
import { type Column, printList, resourcesText } from "./output.ts";
import { ownedResources, pickResources } from "./pick-resources.ts";
import { roleOf } from "./role-lookup.ts";

const COLUMNS: readonly Column<ReservationView>[] = [
  { title: "AGENT", value: (row) => row.agentId },
  { title: "HOST", value: (row) => row.hostname },
  { title: "ROLE", value: (row) => row.role },
  { title: "KIND", value: (row) => newestOf(row.resources)?.type ?? "-" },
  { title: "RESOURCES", value: (row) => resourcesText(row.resources) },
  { title: "ALLOCATED", value: (row) => resourcesText(row.allocated) },
  { title: "LABELS", value: (row) => labelsText(newestOf(row.resources)?.labels ?? []) },
  { title: "ORPHANED", value: (row) => (row.isOrphaned ? "yes" : "no") },
];

interface ListFlags {
  readonly orphaned?: boolean;
  readonly role?: string;
  readonly agent?: string;
}

interface ChangeFlags {
  readonly agent: string;
  readonly role: string;
  readonly from?: string;
  readonly label?: readonly string[];
}

export function addReservationCommands(root: Command): void {
  const reservation = root
    .command("reservation")
    .description("resources set aside for a role, with or without a framework to use them")
    .addHelpText("after", examples("bourse reservation ls --orphaned"));
  reservation
    .command("ls")
    .description("what is reserved, on which agent, for whom")
    .option("--orphaned", "only where no framework has the role or one below it")
    .option("--role <role>", "only of this very role")
    .option("--agent <agent>", "only on this agent")
    .addHelpText("after", examples("bourse reservation ls --orphaned", "bourse reservation ls -q"))
    .action(async (options: ListFlags, command: Command) => {
      const context = contextFor(command);
      const role = options.role === undefined ? undefined : roleOf(options.role, "--role");
      await withClient(context, async (client) => {
        const on = options.agent === undefined ? undefined : await findAgent(client, options.agent);
        const rows: ReservationView[] = [];
        for await (const page of client.pages({ kind: "reservations", page: { limit: 1000 } }))
          rows.push(...page.reservations);
        const shown = rows.filter(
          (row) =>
            (options.orphaned !== true || row.isOrphaned) &&
            (role === undefined || row.role === role) &&
            (on === undefined || row.agentId === on.agentId),
        );
        printList(context, shown, COLUMNS, (row) => `${row.agentId} ${row.role}`);
      });
    });
  addCreateCommand(reservation);
  addRemoveCommand(reservation);
}

function addCreateCommand(reservation: Command): void {
  reservation
    .command("create")
    .description("reserve free resources of an agent for a role; offers in the way are rescinded")
    .requiredOption("--agent <agent>", "id, hostname or unique part of the id")
    .requiredOption("--role <role>", "whom they are for")
    .option("--from <role>", "refine a reservation of this ancestor (default: what is unreserved)")
    .option("--label <key=value>", "told apart from others of the role; repeat it", collect)
    .addHelpText(
      "after",
      examples("bourse reservation create --agent agent-1 --role eng 'cpus:2;mem:1024'"),
    )
    .argument("<resources>", "e.g. cpus:2;mem:1024;ports:[31000-31009]")
    .action(async (text: string, options: ChangeFlags, command: Command) => {
      const role = reservableRole(options.role, "--role");
      const from = options.from === undefined ? "*" : reservableRole(options.from, "--from");
      if (from !== "*" && !isRoleBelow(role, from))
        throw new ClusterError("invalid_call", `--role ${role} is not below --from ${from}`, {
          hint: `a reservation is refined for a role below it, e.g. --role ${from}/backend`,
        });
      const wanted = plainResources(text);
      const labels = labelsOf(options.label);
      await withClient(contextFor(command), async (client) => {
        const agent = await findAgent(client, options.agent);
        const picked = pickResources(agent.total, wanted, { role: from });
        const resources = picked.map(
          (resource): Resource => ({
            ...resource,
            reservations: [
              ...(resource.reservations ?? []),
              { type: "dynamic", role, ...(labels && { labels }) },
            ],
          }),
        );
        await operate(client, agent, { kind: "reserve", resources });
      });
    });
}

function addRemoveCommand(reservation: Command): void {
  reservation
    .command("rm")
    .description("give back what is reserved for a role on an agent, and is free; all by default")
    .requiredOption("--agent <agent>", "id, hostname or unique part of the id")
    .requiredOption("--role <role>", "whose reservation")
    .option("--label <key=value>", "only with exactly these labels; repeat it", collect)
    .addHelpText(
      "after",
      examples(
        "bourse reservation rm --agent agent-1 --role eng",
        "bourse reservation rm --agent agent-1 --role eng cpus:1",
      ),
    )
    .argument("[resources]", "e.g. cpus:2")
    .action(async (text: string | undefined, options: ChangeFlags, command: Command) => {
      const role = reservableRole(options.role, "--role");
      const wanted = text === undefined ? undefined : plainResources(text);
      const labels = labelsOf(options.label);
      const owned = { role, isDynamic: true, ...(labels && { labels }) };
      await withClient(contextFor(command), async (client) => {
        const agent = await findAgent(client, options.agent);
        const resources =
          wanted === undefined
            ? ownedResources(agent.total, owned)
            : pickResources(agent.total, wanted, owned);
        if (resources.length === 0) throw nothingReserved(agent, role);
        await operate(client, agent, { kind: "unreserve", resources });
      });
    });
}

async function operate(
  client: OperatorClient,
  { agentId }: AgentView,
  operation: { readonly kind: "reserve" | "unreserve"; readonly resources: Resources },
): Promise<void> {
  await client.call({ kind: "operate", agentId, operation });
  process.stdout.write(`${resourcesText(operation.resources)} on ${agentId}\n`);
}

/** `key=value` or `key`; undefined when none is given. */
export function labelsOf(texts: readonly string[] | undefined): readonly Label[] | undefined {
  return texts?.map((text) => {
    const at = text.indexOf("=");
    const key = at < 0 ? text : text.slice(0, at);
    if (key === "")
      throw new ClusterError("invalid_call", `--label ${JSON.stringify(text)} has no key`, {
        hint: "write it like --label team=search",
      });
    return at < 0 ? { key } : { key, value: text.slice(at + 1) };
  });
}

/** What is named plainly: whose it is say the flags. */
function plainResources(text: string): Resources {
  const wanted = parseResources(text, "resources");
  if (wanted.length === 0)
    throw new ClusterError("invalid_call", `the resources ${JSON.stringify(text)} are nothing`, {
      hint: "name some, e.g. 'cpus:2;mem:1024'",
    });
  const reserved = wanted.find((resource) => resource.reservations !== undefined);
  if (reserved === undefined) return wanted;
  throw new ClusterError("invalid_call", `${reserved.name} is named with a role in parentheses`, {
    hint: "say the role with --role, and what it refines with --from",
  });
}

function reservableRole(text: string, flag: string): string {
  const role = roleOf(text, flag);
  if (role !== "*") return role;
  throw new ClusterError("invalid_call", `${flag} *: nothing is reserved for the role *`, {
    hint: "name a role of its own, e.g. eng",
  });
}

function newestOf(resources: Resources) {
  return resources[0]?.reservations?.at(-1);
}

function labelsText(labels: readonly Label[]): string {
  if (labels.length === 0) return "-";
  return labels.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`)).join(",");
}

function nothingReserved({ agentId, total }: AgentView, role: string): ClusterError {
  const isStatic = total.some((resource) => {
    const newest = resource.reservations?.at(-1);
    return newest?.role === role && newest.type === "static";
  });
  return isStatic
    ? new ClusterError("conflict", `what ${agentId} reserves for ${role} is static`, {
        hint: "drain the agent and start it with other --resources",
      })
    : new ClusterError(
        "not_found",
        `nothing but volumes, or nothing at all, is reserved for ${role} on ${agentId}`,
        { hint: "see `bourse reservation ls` and `bourse volume ls`" },
      );
}
