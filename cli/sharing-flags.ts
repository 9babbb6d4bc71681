import type { MasterOptions } from "@bourse/master/main";
import { ClusterError } from "@bourse/model/errors";
import type { Resources } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";

/** Flags of the master that its allocator is told (FEATURES M-23, M-24). */
export type Sorter = NonNullable<MasterOptions["config"]["roleSorter"]>;

export function sorterOf(text: string, flag: string): Sorter {
  if (text === "drf" || text === "random") return text;
  throw new ClusterError("invalid_call", `${flag} ${JSON.stringify(text)} is not a sorter`, {
    hint: "take drf or random",
  });
}

/** Names of resources, with commas. */
export function namesOf(text: string, flag: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  for (const name of names)
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name))
      throw new ClusterError("invalid_call", `${flag}: ${JSON.stringify(name)} names no resource`, {
        hint: "write names with commas, e.g. gpus,disk",
      });
  return Array.from(new Set(names)).sort();
}

/** `cpus:0.01|mem:32;disk:64`: alternatives, each a list of scalars that all must be there. */
export function minAllocatableOf(text: string, flag: string): readonly Resources[] {
  return text.split("|").map((alternative) => {
    const amounts = parseResources(alternative, flag);
    const isPlain = amounts.every(
      ({ value, reservations }) => value.type === "scalar" && reservations === undefined,
    );
    if (amounts.length > 0 && isPlain) return amounts;
    throw new ClusterError(
      "invalid_call",
      `${flag}: ${JSON.stringify(alternative)} is no list of amounts`,
      { hint: "write it like 'cpus:0.01|mem:32;disk:64'" },
    );
  });
}
