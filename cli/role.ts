import { ClusterError } from "@bourse/model/errors";
import type { Role } from "@bourse/model/ids";
import type { RoleView } from "@bourse/model/operator";
import type { RoleWeight } from "@bourse/model/quota";
import { formatMilli } from "@bourse/model/resources";
import type { Command } from "commander";
import { formatAmounts } from "./amounts-text.ts";
import { contextFor, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { age, type Column, renderList } from "./output.ts";
import { listRoles, roleOf } from "./role-lookup.ts";
import { addQuotaCommands } from "./role-quota.ts";
import { drawOrWatch } from "./watch.ts";

/** Everything but the name, which a tree shows otherwise. */
const COLUMNS: readonly Column<RoleView>[] = [
  { title: "FRAMEWORKS", value: (role) => String(role.frameworkIds.length), align: "right" },
  { title: "WEIGHT", value: (role) => formatMilli(role.weightMilli), align: "right" },
  { title: "SHARE", value: (role) => percent(role.share), align: "right" },
  { title: "FAIR", value: (role) => percent(role.fairShare), align: "right" },
  { title: "CONSUMED", value: (role) => formatAmounts(role.consumed) },
  { title: "GUARANTEE", value: (role) => formatAmounts(role.quota?.guarantees ?? []) },
  { title: "LIMIT", value: (role) => formatAmounts(role.quota?.limits ?? []) },
  { title: "RESERVED", value: (role) => formatAmounts(scalarsOf(role)) },
  {
    title: "UNSERVED",
    value: (role) => (role.unservedForMs === null ? "-" : age(0, role.unservedForMs)),
    align: "right",
  },
];

export function addRoleCommands(root: Command): void {
  const role = root
    .command("role")
    .description("how the cluster is shared: roles, their weights and quotas")
    .addHelpText("after", examples("bourse role ls --tree", "bourse role weight set eng=2"));
  role
    .command("ls")
    .description("roles: what they have, what they are entitled to, how long they wait")
    .option("--tree", "indented below their parents")
    .addHelpText("after", examples("bourse role ls --tree", "bourse role ls -o json"))
    .action(async (options: { tree?: boolean }, command: Command) => {
      const context = contextFor(command);
      const title = "ROLE";
      const name: Column<RoleView> =
        options.tree === true
          ? { title, value: ({ role }) => indented(role) }
          : { title, value: ({ role }) => role };
      await withClient(context, (client) =>
        drawOrWatch(context, client, async () => {
          const roles = await listRoles(client);
          const rows = options.tree === true ? inTreeOrder(roles) : roles;
          return renderList(context, rows, [name, ...COLUMNS], (row) => row.role);
        }),
      );
    });
  const weight = role
    .command("weight")
    .description("what a role counts for beside its siblings: 2 gets twice as much as 1")
    .addHelpText("after", examples("bourse role weight set eng=2 ops=0.5"));
  weight
    .command("set")
    .description("set the weights of roles, all or none; 1 is the default")
    .addHelpText("after", examples("bourse role weight set eng=2 ops=0.5"))
    .argument("<role=weight...>", "e.g. eng/backend=2.5")
    .action(async (texts: readonly string[], _options: object, command: Command) => {
      const weights = parseWeights(texts);
      await withClient(contextFor(command), async (client) => {
        await client.call({ kind: "update-weights", weights });
        process.stdout.write(weights.map(({ role }) => `${role}\n`).join(""));
      });
    });
  addQuotaCommands(role);
}

/** Each `role=weight`, with up to three decimals; a role once. */
export function parseWeights(texts: readonly string[]): readonly RoleWeight[] {
  const weights = texts.map((text) => {
    const [, name = "", number = ""] = /^(.*)=(\d{1,7}(?:\.\d{1,3})?)$/.exec(text) ?? [];
    const weightMilli = Math.round(Number(number) * 1000);
    if (name === "" || weightMilli === 0)
      throw new ClusterError("invalid_call", `${JSON.stringify(text)} is no role=weight`, {
        hint: "write it like eng=2 or eng/backend=0.5: a number above 0 with at most 3 decimals",
      });
    return { role: roleOf(name, "role"), weightMilli };
  });
  for (const [index, { role }] of weights.entries())
    if (weights.findIndex((other) => other.role === role) !== index)
      throw new ClusterError("invalid_call", `role ${role} is given two weights`, {
        hint: "name each role once",
      });
  return weights;
}

/** Parents before their children, siblings by name: `a`, `a/b`, `a-c`, where names alone give `a`, `a-c`, `a/b`. */
export function inTreeOrder<Row extends { readonly role: Role }>(
  rows: readonly Row[],
): readonly Row[] {
  const key = (row: Row): string => row.role.replaceAll("/", "\u0000");
  return rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

function indented(role: Role): string {
  const parts = role.split("/");
  return `${"  ".repeat(parts.length - 1)}${parts.at(-1)}`;
}

function scalarsOf({ reserved }: RoleView): { name: string; milli: number }[] {
  const sums = new Map<string, number>();
  for (const { name, value } of reserved)
    if (value.type === "scalar") sums.set(name, (sums.get(name) ?? 0) + value.milli);
  return Array.from(sums, ([name, milli]) => ({ name, milli }));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
