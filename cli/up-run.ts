import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClusterError } from "@bourse/model/errors";
import Docker from "dockerode";
import { OperatorClient } from "./client.ts";
import { type Context, integerOf } from "./context.ts";
import { makeDataDirectory } from "./data-directory.ts";
import { ensureDemoImage } from "./demo-image/demo-image.ts";
import { ensureEngine, runSetUp, stopOwnEngine } from "./engine.ts";
import { type ClusterPlan, LocalCluster } from "./local-cluster.ts";
import type { UpFlags } from "./up.ts";
import { runOnce } from "./up-once.ts";
import { showTasks } from "./up-table.ts";

/** Starts everything, shows it or goes through `--once`, and leaves nothing behind, whatever happens. */
export async function up(context: Context, options: UpFlags): Promise<void> {
  const wishes = wishesOf(options);
  if (options.dataDir !== undefined) makeDataDirectory(options.dataDir, "--data-dir");
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "bourse-up-"));
  const say = (line: string): void => void process.stderr.write(`bourse: ${line}\n`);
  const pidFile = join(dataDir, "engine.pid");
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) return;
      say("stopping everything");
      stopping.abort();
    });
  }
  let cluster: LocalCluster | null = null;
  try {
    const plan = await planOf(options, wishes, dataDir, pidFile, say);
    cluster = new LocalCluster(plan, say);
    const address = await cluster.start(stopping.signal);
    const client = new OperatorClient([address], context.timeoutMs);
    try {
      if (options.once === true)
        await runOnce({ client, cluster, context, plan, stop: stopping.signal });
      else if (!stopping.signal.aborted) {
        say(`the API answers at ${address} (try \`bourse task ls\`; Ctrl-C stops all)`);
        await cluster.whileAlive(showTasks(context, client, stopping.signal));
      }
    } finally {
      client.close();
    }
  } finally {
    await cluster?.stop();
    await stopOwnEngine(pidFile);
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The flags, checked before anything is installed, made or started. */
function wishesOf(options: UpFlags): {
  readonly containerizer: "auto" | "docker" | "process";
  readonly port: number;
  readonly agents: number;
  readonly instances: number | null;
} {
  const instances = integerOf(options.instances, "--instances", 1, 1_000);
  return {
    containerizer: containerizerOf(options.containerizer),
    port: integerOf(options.port, "--port", 0, 65_535),
    agents: integerOf(options.agents, "--agents", 1, 100),
    instances: options.demo === true || options.once === true ? instances : null,
  };
}

async function planOf(
  options: UpFlags,
  wishes: ReturnType<typeof wishesOf>,
  dataDir: string,
  pidFile: string,
  say: (line: string) => void,
): Promise<ClusterPlan> {
  const isUnattended = options.once === true || process.env.CI !== undefined;
  const wish = {
    mayInstall: options.install,
    isUnattended,
    pidFile,
    logFile: join(dataDir, "dockerd.log"),
    say,
  };
  const wanted = wishes.containerizer;
  const hasDocker = wanted !== "process" && (await ensureEngine(wish));
  if (wanted === "docker" && !hasDocker) {
    throw new ClusterError(
      "unreachable",
      "--containerizer docker was asked for and no engine answers",
      {
        hint: "start one (`dockerd`), or take --containerizer process",
      },
    );
  }
  const image = hasDocker && wishes.instances !== null ? await demoImage(wish) : undefined;
  return {
    dataDir,
    port: wishes.port,
    agents: wishes.agents,
    instances: wishes.instances,
    isKept: options.dataDir !== undefined,
    containerizer: hasDocker ? "docker" : "process",
    ...(image === undefined ? {} : { image }),
  };
}

async function demoImage(wish: Parameters<typeof ensureEngine>[0]): Promise<string> {
  const docker = new Docker();
  try {
    return (await ensureDemoImage(docker)).image;
  } catch (thrown) {
    if (!wish.mayInstall || !runSetUp(["busybox"], wish)) throw thrown;
    return (await ensureDemoImage(docker)).image;
  }
}

function containerizerOf(text: string): "auto" | "docker" | "process" {
  if (text === "auto" || text === "docker" || text === "process") return text;
  throw new ClusterError("invalid_call", `--containerizer ${text} is none`, {
    hint: "take auto, docker or process",
  });
}
