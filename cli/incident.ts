import { basename } from "node:path";
import { ClusterError } from "@bourse/model/errors";
import type { Incident } from "@bourse/sim/tools/replay/incident";
import type { Here, WalkOptions } from "@bourse/sim/tools/replay/walk";

/** The journal of a path, or of all files of a directory, as the simulator's replay takes it. */
export async function incidentAt(path: string): Promise<Incident> {
  const { journalBytes, journalFiles } = await import("@bourse/master/journal/journal-files");
  const { readJournal } = await import("@bourse/master/journal/format");
  const { HashComparison } = await import("@bourse/master/journal/hash-comparison");
  const { revive } = await import("@bourse/master/journal/replay");
  const { inputTitle } = await import("@bourse/master/input-title");
  const files = await journalFiles(path);
  return {
    titleOf: inputTitle,
    files: files.map((file) => ({
      name: basename(file),
      open: async () => {
        const bytes = await journalBytes(file);
        const content = readJournal(file, bytes);
        const { header } = content;
        return {
          build: header.build,
          epoch: header.start.epoch,
          seed: header.start.seed,
          inputsBefore: header.inputs,
          config: header.start.config,
          revive: () => revive(header),
          compare: () => HashComparison.begin(header),
          records: content.records,
          get fraction() {
            return content.position / bytes.length;
          },
          get isTorn() {
            return content.isTorn;
          },
        };
      },
    })),
  };
}

/**
 * Where a journal ends, or where a visitor ended the walk. Throws `conflict` when the journal does not live up to its
 * hashes: what came of it then is not what was.
 */
export async function livedThrough(path: string, options: WalkOptions): Promise<Here> {
  const { walk } = await import("@bourse/sim/tools/replay/walk");
  const { here, files } = await walk(await incidentAt(path), options);
  const broken = files.find(({ difference, failure }) => difference !== null || failure !== null);
  if (broken === undefined) return here;
  throw new ClusterError(
    "conflict",
    `the journal cannot be lived through: ${broken.difference ?? broken.failure}`,
    { hint: "see `bourse sim replay --bisect`" },
  );
}
