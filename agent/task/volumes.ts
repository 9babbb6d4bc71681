import type { Resource, Resources } from "@bourse/model/resources";

/** Which volume: an id is unique within its role on one agent (FEATURES M-68). */
export interface VolumeRef {
  /** Of the newest reservation of its disk. */
  readonly role: string;
  readonly id: string;
  /** The disk it lies on, when that is not the one of the work directory (M-69). */
  readonly disk?: { readonly type: "path" | "mount"; readonly root: string };
}

/** A volume as a container sees it. */
export interface PersistentVolume {
  readonly volume: VolumeRef;
  /** Relative = below the sandbox. */
  readonly containerPath: string;
  readonly mode: "RW" | "RO";
}

/** The persistent volumes among resources. */
export function volumesIn(resources: Resources): readonly VolumeRef[] {
  if (!hasDisks(resources)) return NONE;
  return resources.flatMap((resource) => {
    const volume = volumeOf(resource);
    return volume === null ? [] : [volume];
  });
}

/** What the container of a task that holds these resources gets to see. */
export function mountsOf(resources: Resources): readonly PersistentVolume[] {
  if (!hasDisks(resources)) return NONE;
  return resources.flatMap((resource) => {
    const volume = volumeOf(resource);
    const place = resource.disk?.volume;
    return volume === null || place === undefined ? [] : [{ volume, ...place }];
  });
}

export function volumesWithout(
  all: readonly VolumeRef[],
  some: readonly VolumeRef[],
): readonly VolumeRef[] {
  const keys = new Set(some.map(volumeKey));
  return all.filter((volume) => !keys.has(volumeKey(volume)));
}

/** One string for a volume that is unique on its agent; neither roles nor ids hold a NUL. */
export function volumeKey({ role, id, disk }: VolumeRef): string {
  return `${role}\u0000${id}\u0000${disk?.root ?? ""}`;
}

/** For people. */
export function volumeName({ role, id }: VolumeRef): string {
  return `volume ${id} of role ${role}`;
}

const NONE: readonly never[] = [];

/** Most tasks have none, and are asked several times. */
function hasDisks(resources: Resources): boolean {
  for (const { disk } of resources) if (disk !== undefined) return true;
  return false;
}

function volumeOf({ disk, reservations }: Resource): VolumeRef | null {
  const id = disk?.persistence?.id;
  const role = reservations?.at(-1)?.role;
  if (id === undefined || role === undefined) return null;
  const { type, root } = disk?.source ?? {};
  if (root === undefined || (type !== "path" && type !== "mount")) return { role, id };
  return { role, id, disk: { type, root } };
}
