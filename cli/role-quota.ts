import { ClusterError } from "@bourse/model/errors";
import type { Role } from "@bourse/model/ids";
import type { RoleView } from "@bourse/model/operator";
import type { Quota } from "@bourse/model/quota";
import type { Command } from "commander";
import { formatAmounts, parseAmounts } from "./amounts-text.ts";
import type { OperatorClient } from "./client.ts";
import { contextFor, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { type Column, printList } from "./output.ts";
import { listRoles, roleOf } from "./role-lookup.ts";

interface SetFlags {
  readonly guarantee?: string;
  readonly limit?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** A role with a quota, and what is counted against it. */
interface QuotaRow extends Quota {
  readonly consumed: RoleView["consumed"];
}

const COLUMNS: readonly Column<QuotaRow>[] = [
  { title: "ROLE", value: (row) => row.role },
  { title: "GUARANTEE", value: (row) => formatAmounts(row.guarantees) },
  { title: "LIMIT", value: (row) => formatAmounts(row.limits) },
  { title: "CONSUMED", value: (row) => formatAmounts(row.consumed) },
];

/** `role quota`: what a role and all below it are promised, and may at most use (FEATURES M-31). */
export function addQuotaCommands(role: Command): void {
  const quota = role
    .command("quota")
    .description("what a role and all below it are promised, and may at most use")
    .addHelpText("after", examples("bourse role quota set eng --limit 'cpus:20;mem:65536'"));
  quota
    .command("get")
    .description("the quotas, or the one of a role, with what counts against them")
    .addHelpText("after", examples("bourse role quota get", "bourse role quota get eng"))
    .argument("[role]")
    .action(async (text: string | undefined, _options: object, command: Command) => {
      const context = contextFor(command);
      const only = text === undefined ? undefined : roleOf(text, "role");
      await withClient(context, async (client) => {
        const rows = (await listRoles(client)).flatMap(rowOf);
        const shown = only === undefined ? rows : rows.filter((row) => row.role === only);
        if (only !== undefined && shown.length === 0) throw noQuota(only);
        printList(context, shown, COLUMNS, (row) => row.role);
      });
    });
  quota
    .command("set")
    .description("set guarantees or limits of a role; what is not named stays as it is")
    .option("--guarantee <amounts>", "promised, e.g. cpus:10;mem:4096; none takes all away")
    .option("--limit <amounts>", "at most, e.g. cpus:20;mem:8192; none takes all away")
    .option("--force", "also below what is consumed already: nothing is killed, nothing comes")
    .option("--dry-run", "only say whether it would be refused")
    .addHelpText(
      "after",
      examples(
        "bourse role quota set eng --guarantee cpus:10 --limit 'cpus:20;mem:65536'",
        "bourse role quota set eng/backend --limit cpus:5",
      ),
    )
    .argument("<role>")
    .action(async (text: string, options: SetFlags, command: Command) => {
      const named = roleOf(text, "role");
      const change = changeOf(options);
      await withClient(contextFor(command), async (client) => {
        const old = (await listRoles(client)).find((row) => row.role === named)?.quota;
        const next = { role: named, guarantees: [], limits: [], ...old, ...change };
        await update(client, next, options);
      });
    });
  quota
    .command("rm")
    .description("take the quota of a role away: no promise, no limit of its own")
    .addHelpText("after", examples("bourse role quota rm eng"))
    .argument("<role>")
    .action(async (text: string, _options: object, command: Command) => {
      const named = roleOf(text, "role");
      await withClient(contextFor(command), async (client) => {
        const found = (await listRoles(client)).find((row) => row.role === named);
        if (found?.quota === undefined) throw noQuota(named);
        await update(client, { role: named, guarantees: [], limits: [] }, {});
      });
    });
}

async function update(
  client: OperatorClient,
  quota: Quota,
  { force = false, dryRun = false }: SetFlags,
): Promise<void> {
  await client.call({
    kind: "update-quotas",
    quotas: [quota],
    isForced: force,
    ...(dryRun && { isDryRun: true }),
  });
  process.stdout.write(`${quota.role}\n`);
}

function rowOf({ quota, consumed }: RoleView): readonly QuotaRow[] {
  return quota === undefined ? [] : [{ ...quota, consumed }];
}

function changeOf({ guarantee, limit }: SetFlags): Partial<Quota> {
  if (guarantee === undefined && limit === undefined)
    throw new ClusterError("invalid_call", "neither --guarantee nor --limit is given", {
      hint: "give one, e.g. --limit cpus:20; `bourse role quota rm` takes a quota away",
    });
  return {
    ...(guarantee !== undefined && { guarantees: parseAmounts(guarantee, "--guarantee") }),
    ...(limit !== undefined && { limits: parseAmounts(limit, "--limit") }),
  };
}

function noQuota(role: Role): ClusterError {
  return new ClusterError("not_found", `role ${role} has no quota`, {
    hint: "list them with `bourse role quota get`; set one with `bourse role quota set`",
  });
}
