import type { StartState } from "@bourse/engine/start/start-state";
import { ClusterError } from "@bourse/model/errors";
import type { Command } from "commander";
import { type Context, withClient } from "./context.ts";
import { livedThrough } from "./incident.ts";
import { livePicture } from "./live-picture.ts";

export interface SourceFlags {
  readonly journal?: string;
  readonly until?: string;
  readonly snapshot?: string;
  readonly save?: string;
}

/** From where a command takes the cluster that it copies; without a flag from the live master. */
export function addSourceOptions(command: Command): Command {
  return command
    .option("--journal <path>", "take the cluster from a master's journal instead of a live master")
    .option("--until <moment>", "of the journal: an input, a time or an offset (default: its end)")
    .option("--snapshot <file>", "take the cluster from what --save wrote")
    .option("--save <file>", "write the cluster down, for questions without it");
}

export async function startStateOf(context: Context, flags: SourceFlags): Promise<StartState> {
  if (flags.journal !== undefined && flags.snapshot !== undefined) {
    throw new ClusterError("invalid_call", "--journal and --snapshot are two clusters", {
      hint: "take one of them",
    });
  }
  if (flags.until !== undefined && flags.journal === undefined) {
    throw new ClusterError("invalid_call", "--until is a moment of a journal, and none is named", {
      hint: "name it with --journal",
    });
  }
  const state = await sourceOf(context, flags);
  if (flags.save !== undefined) {
    const { writeSnapshot } = await import("@bourse/sim/tools/whatif/snapshot-file");
    writeSnapshot(flags.save, state);
  }
  return state;
}

async function sourceOf(context: Context, flags: SourceFlags): Promise<StartState> {
  if (flags.snapshot !== undefined) {
    const { readSnapshot } = await import("@bourse/sim/tools/whatif/snapshot-file");
    return readSnapshot(flags.snapshot);
  }
  if (flags.journal !== undefined) return stateOfJournal(flags.journal, flags.until);
  const { startOfPicture } = await import("@bourse/engine/start/start-of-picture");
  const picture = await withClient(context, (client) =>
    livePicture(client, context.masters.join(",")),
  );
  return startOfPicture({ ...picture, config: {} });
}

async function stateOfJournal(path: string, until: string | undefined): Promise<StartState> {
  const { Stop, untilOf } = await import("@bourse/sim/tools/replay/until");
  const { startOfCluster } = await import("@bourse/engine/start/start-of-cluster");
  const stop = until === undefined ? null : new Stop(untilOf(until));
  const here = await livedThrough(path, { visitors: stop === null ? [] : [stop] });
  return startOfCluster(
    here.cluster,
    here.now,
    `journal ${path}, input ${here.epoch}.${here.position}`,
  );
}
