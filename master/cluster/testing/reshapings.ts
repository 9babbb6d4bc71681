import type { Offer, Operation } from "@bourse/model/offer";
import type { ResourceOperation } from "@bourse/model/operation";
import type { Resource, Resources } from "@bourse/model/resources";

/** What a framework may make of an offer; every number is one way, and some are not valid. */
export function reshapings({ offerId, role, resources }: Offer, pick: number): ResourceOperation[] {
  const plain = resources.filter(({ reservations }) => !reservations);
  const volume = resources.find(({ disk }) => disk?.persistence !== undefined);
  const reserved = resources.filter(({ reservations, disk }) => reservations && !disk);
  const dynamic = reserved.find(({ reservations }) => reservations?.at(-1)?.type === "dynamic");
  const disk = reserved.find(({ name }) => name === "disk");
  const reserve: ResourceOperation = {
    kind: "reserve",
    resources: plain.flatMap((resource) => reservedPart(resource, role === "*" ? "web" : role)),
  };
  const isShared = pick % 3 === 0;
  switch (pick % 8) {
    case 0:
      return [reserve];
    case 1: {
      const made = reserve.resources.find(({ name }) => name === "disk") ?? disk;
      return made === undefined
        ? [reserve]
        : [reserve, { kind: "create", volumes: [volumeOn(made, `v${offerId}`, isShared)] }];
    }
    case 2:
      return [{ kind: "unreserve", resources: dynamic === undefined ? [] : [dynamic] }];
    case 3:
      return volume === undefined ? [] : [{ kind: "destroy", volumes: [volume] }];
    case 4:
      return volume === undefined || disk === undefined
        ? []
        : [{ kind: "grow-volume", volume, addition: withMilli(disk, 1000) }];
    case 5:
      return volume === undefined
        ? []
        : [{ kind: "shrink-volume", volume, subtractMilli: 1000 + pick * 500 }];
    case 6:
      return [{ kind: "reserve", resources: [withMilli(plain[0] ?? reserved[0], 900_000)] }];
    default:
      return disk === undefined
        ? [reserve]
        : [{ kind: "create", volumes: [volumeOn(disk, `v${offerId}`, isShared)] }];
  }
}

/** One small task, and one on a volume if there is one and it is not resized. */
export function tasksOn({ resources }: Offer, operations: readonly Operation[]): Resources[] {
  const made = operations.flatMap((operation) =>
    operation.kind === "create" ? operation.volumes : [],
  );
  const volumes = [...made, ...resources.filter(({ disk }) => disk?.persistence !== undefined)];
  const cpus = resources.find(({ name }) => name === "cpus");
  const isResizing = operations.some(({ kind }) => kind.endsWith("-volume"));
  if (cpus === undefined || isResizing) return [];
  const [volume] = volumes;
  const small = withMilli(cpus, 100);
  return volume === undefined ? [[small]] : [[small], [small, volume]];
}

function reservedPart(resource: Resource, role: string): Resource[] {
  const milli = resource.name === "disk" ? 10_000 : 1000;
  if (resource.value.type !== "scalar" || resource.value.milli < milli) return [];
  return [{ ...withMilli(resource, milli), reservations: [{ type: "dynamic", role }] }];
}

function volumeOn(disk: Resource, id: string, isShared: boolean): Resource {
  return {
    ...withMilli(disk, 5000),
    disk: { persistence: { id }, volume: { containerPath: "data", mode: "RW" } },
    ...(isShared && { isShared }),
  };
}

function withMilli(resource: Resource | undefined, milli: number): Resource {
  return { ...(resource ?? { name: "cpus" }), value: { type: "scalar", milli } };
}
