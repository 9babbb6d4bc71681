import { ClusterError } from "@bourse/model/errors";
import { CAPABILITIES, type Capability } from "@bourse/model/framework";
import type { ExplainSubject } from "@bourse/model/operator";
import type { Resources } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import type { Command } from "commander";
import type { OperatorClient } from "./client.ts";
import { parseConstraint } from "./constraint-text.ts";
import { collect, contextFor, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { explanationText } from "./explain-text.ts";
import { findAgent, findFramework } from "./lookup.ts";
import { renderData } from "./output.ts";
import { roleOf } from "./role-lookup.ts";
import { showTaskWhy } from "./task-why.ts";
import { drawOrWatch } from "./watch.ts";

interface ShapeFlags {
  readonly role: string;
  readonly constraint?: readonly string[];
  readonly capability?: readonly string[];
}

/** `explain`: for every agent every check that fails, and the smallest change that would produce an offer (FEATURES A-1). */
export function addExplainCommands(root: Command): void {
  const explain = root
    .command("explain")
    .description("why something gets no offers, agent by agent, and what would help")
    .addHelpText(
      "after",
      examples(
        "bourse explain framework demo --wanted 'cpus:2;mem:512'",
        "bourse explain shape --role eng 'cpus:2;mem:512' --constraint 'rack!=r1'",
      ),
    );
  explain
    .command("framework")
    .description("why a framework gets or does not get offers")
    .option("--wanted <resources>", "what it would place on one agent, e.g. cpus:2;mem:512")
    .addHelpText("after", examples("bourse explain framework demo --wanted 'cpus:2;mem:512'"))
    .argument("<framework>", "id, name or unique prefix")
    .action(async (text: string, options: { wanted?: string }, command: Command) => {
      const wanted =
        options.wanted === undefined ? {} : { wanted: wantedOf(options.wanted, "--wanted") };
      await answer(command, async (client) => {
        const { frameworkId } = await findFramework(client, text, true);
        return { kind: "framework", frameworkId, ...wanted };
      });
    });
  explain
    .command("role")
    .description("why the frameworks of a role and of those below it get or do not get offers")
    .addHelpText("after", examples("bourse explain role eng"))
    .argument("<role>")
    .action(async (text: string, _options: object, command: Command) => {
      const role = roleOf(text, "role");
      await answer(command, async () => ({ kind: "role", role }));
    });
  explain
    .command("agent")
    .description("to whom an agent's free resources may be offered, and who holds the rest")
    .addHelpText("after", examples("bourse explain agent agent-1"))
    .argument("<agent>", "id, host name or unique prefix")
    .action(async (text: string, _options: object, command: Command) => {
      await answer(command, async (client) => {
        const { agentId } = await findAgent(client, text);
        return { kind: "agent", agentId };
      });
    });
  explain
    .command("task")
    .description("why a task waits, was lost or ended; the same as `bourse task why`")
    .addHelpText("after", examples("bourse explain task web-1a2b"))
    .argument("<task>", "id or unique prefix")
    .action(async (text: string, _options: object, command: Command) => showTaskWhy(command, text));
  explain
    .command("shape")
    .description("what would keep a task from an offer that no framework has asked for yet")
    .requiredOption("--role <role>", "the role that it would be run in")
    .option(
      "--constraint <constraint>",
      "ssd, !ssd, rack=r1, rack!=r1, rack~RE2, rack!~RE2, also @hostname, @region, @zone; all must hold; repeat it",
      collect,
    )
    .option("--capability <name>", "of its framework, e.g. GPU_RESOURCES; repeat it", collect)
    .addHelpText(
      "after",
      examples(
        "bourse explain shape --role eng 'cpus:2;mem:512'",
        "bourse explain shape --role eng 'gpus:1' --capability GPU_RESOURCES --constraint 'rack~r[12]'",
      ),
    )
    .argument("<resources>", "what it needs, e.g. cpus:2;mem:512;ports:[31000-31001]")
    .action(async (text: string, options: ShapeFlags, command: Command) => {
      const constraints = (options.constraint ?? []).map(parseConstraint);
      const subject: ExplainSubject = {
        kind: "shape",
        role: roleOf(options.role, "--role"),
        wanted: wantedOf(text, "resources"),
        ...(constraints.length > 0 && { constraints: [constraints] }),
        capabilities: (options.capability ?? []).map(capabilityOf),
      };
      await answer(command, async () => subject);
    });
}

async function answer(
  command: Command,
  find: (client: OperatorClient) => Promise<ExplainSubject>,
): Promise<void> {
  const context = contextFor(command);
  await withClient(context, async (client) => {
    const subject = await find(client);
    await drawOrWatch(context, client, async () => {
      const { explanation } = await client.query({ kind: "explain", subject }, "explanation");
      if (context.isQuiet) return explanation.agents.map(({ agentId }) => `${agentId}\n`).join("");
      return context.output === "table"
        ? explanationText(context, explanation)
        : renderData(context, explanation);
    });
  });
}

function wantedOf(text: string, flag: string): Resources {
  const wanted = parseResources(text, flag);
  if (wanted.length > 0) return wanted;
  throw new ClusterError("invalid_call", `${flag} ${JSON.stringify(text)} names nothing`, {
    hint: "write what is needed on one agent, e.g. 'cpus:2;mem:512' (quote the ; for the shell)",
  });
}

function capabilityOf(text: string): Capability {
  const name = text.toUpperCase();
  const found = CAPABILITIES.find((capability) => capability === name);
  if (found !== undefined) return found;
  throw new ClusterError(
    "invalid_call",
    `--capability ${JSON.stringify(text)} is not a capability`,
    { hint: `take some of ${CAPABILITIES.join(", ")}` },
  );
}
