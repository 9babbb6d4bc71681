import { availableParallelism, totalmem } from "node:os";
import { ClusterError } from "@bourse/model/errors";
import type { Command } from "commander";
import { type Context, contextFor, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { printList } from "./output.ts";
import { VERSION } from "./version.ts";

interface Finding {
  readonly what: string;
  readonly verdict: "ok" | "warn" | "bad";
  readonly detail: string;
}

/** Looks at everything that a first start needs and says what to do about what is missing. */
export function addDoctorCommand(root: Command): void {
  root
    .command("doctor")
    .description("check this machine and the master: what works, what is missing, what to do")
    .addHelpText("after", examples("bourse doctor"))
    .action(async (_options: object, command: Command) => {
      const context = contextFor(command);
      const findings = [
        { what: "bourse", verdict: "ok", detail: VERSION } as const,
        node(),
        { what: "machine", verdict: "ok", detail: machine() } as const,
        await engine(),
        await busybox(),
        await master(context),
      ];
      printList(
        context,
        findings,
        [
          { title: "CHECK", value: (finding: Finding) => finding.what },
          { title: "VERDICT", value: (finding: Finding) => finding.verdict },
          { title: "DETAIL", value: (finding: Finding) => finding.detail },
        ],
        (finding) => finding.what,
      );
      if (findings.some((finding) => finding.verdict === "bad")) process.exitCode = 1;
    });
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isNew = major > 20 || (major === 20 && minor >= 19);
  const detail = isNew ? process.version : `${process.version} is too old: install 20.19 or later`;
  return { what: "node", verdict: isNew ? "ok" : "bad", detail };
}

function machine(): string {
  return `${availableParallelism()} cpus, ${Math.round(totalmem() / 1048576)} MiB`;
}

async function engine(): Promise<Finding> {
  const { probeEngine } = await import("./engine.ts");
  const probe = await probeEngine();
  return probe.isUp
    ? { what: "docker", verdict: "ok", detail: probe.description }
    : {
        what: "docker",
        verdict: "warn",
        detail: `${probe.problem}; without it tasks run as processes`,
      };
}

async function busybox(): Promise<Finding> {
  try {
    const { findStaticBusybox } = await import("./demo-image/demo-image.ts");
    const { path } = await findStaticBusybox();
    return { what: "demo image", verdict: "ok", detail: `can be built from ${path}` };
  } catch (thrown) {
    const { message, hint } = ClusterError.from(thrown);
    return { what: "demo image", verdict: "warn", detail: `${message}; ${hint ?? ""}` };
  }
}

async function master(context: Context): Promise<Finding> {
  try {
    const { master: view } = await withClient(context, (client) =>
      client.query({ kind: "master" }, "master"),
    );
    const counts = `${view.counts.agents} agents, ${view.counts.frameworks} frameworks, ${view.counts.tasks} tasks`;
    return {
      what: "master",
      verdict: "ok",
      detail: `${view.masterId}, epoch ${view.epoch}: ${counts}`,
    };
  } catch (thrown) {
    const error = ClusterError.from(thrown);
    return { what: "master", verdict: "warn", detail: `${error.message}; ${error.hint ?? ""}` };
  }
}
