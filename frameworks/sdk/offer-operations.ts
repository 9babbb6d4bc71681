import { ClusterError } from "@bourse/model/errors";
import type { OperationId, Role } from "@bourse/model/ids";
import type { Operation } from "@bourse/model/offer";
import { amountOf, withAmount, withoutVolume } from "@bourse/model/resource-parts";
import {
  add,
  formatResources,
  type Label,
  type Resource,
  type Resources,
  subtract,
} from "@bourse/model/resources";
import { type Amounts, resourcesOf } from "@bourse/session/amounts";
import { fit } from "@bourse/session/placement";
import {
  reserved,
  unreserved,
  type VolumeDescription,
  volume,
  volumesOf,
} from "@bourse/session/resource-forms";

/** With an id the framework hears what became of it, in `operation-update` (FEATURES M-17). */
export interface OperationOptions {
  readonly operationId?: OperationId;
}

/** What to make of an offer's resources; the offer adds their exact kinds and its role. */
export type ReshapeOperation = OperationOptions &
  (
    | { readonly kind: "reserve"; readonly amounts: Amounts; readonly labels?: readonly Label[] }
    | { readonly kind: "unreserve"; readonly amounts: Amounts }
    | { readonly kind: "create"; readonly mib: number; readonly volume: VolumeDescription }
    | {
        readonly kind: "destroy" | "grow-volume" | "shrink-volume";
        readonly id: string;
        readonly mib: number;
      }
  );

/** Keeps unreserved resources of the offer for its role, also when no task uses them (M-32). */
export function reserve(
  amounts: Amounts,
  options: OperationOptions & { readonly labels?: readonly Label[] } = {},
): ReshapeOperation {
  return { kind: "reserve", amounts, ...options };
}

/** Gives back what was reserved by `reserve`. */
export function unreserve(amounts: Amounts, options: OperationOptions = {}): ReshapeOperation {
  return { kind: "unreserve", amounts, ...options };
}

/** Makes a volume of so many MiB of disk that is reserved for the offer's role; its data outlives tasks (M-68). */
export function createVolume(
  description: VolumeDescription & { readonly disk: number },
  options: OperationOptions = {},
): ReshapeOperation {
  const { disk, ...rest } = description;
  return { kind: "create", mib: disk, volume: rest, ...options };
}

/** Deletes the data of a volume, for good; its disk stays reserved. */
export function destroyVolume(id: string, options: OperationOptions = {}): ReshapeOperation {
  return { kind: "destroy", id, mib: 0, ...options };
}

/** By so many MiB of disk with the same reservation. */
export function growVolume(
  id: string,
  mib: number,
  options: OperationOptions = {},
): ReshapeOperation {
  return { kind: "grow-volume", id, mib, ...options };
}

export function shrinkVolume(
  id: string,
  mib: number,
  options: OperationOptions = {},
): ReshapeOperation {
  return { kind: "shrink-volume", id, mib, ...options };
}

/** An operation in the words of the protocol, and what is then left of the offer. Throws `invalid_call`. */
export function resolveOperation(
  asked: ReshapeOperation,
  offered: Resources,
  role: Role,
): { readonly operation: Operation; readonly rest: Resources } {
  const { operationId } = asked;
  const id = operationId === undefined ? {} : { operationId };
  switch (asked.kind) {
    case "reserve": {
      const { labels } = asked;
      const free = offered.filter(({ reservations }) => reservations === undefined);
      const taken = take(asked, free, asked.amounts);
      const to = reserved(taken, labels === undefined ? { role } : { role, labels });
      return {
        operation: { kind: "reserve", resources: to, ...id },
        rest: swap(offered, taken, to),
      };
    }
    case "unreserve": {
      const taken = take(asked, offered.filter(isDynamicOf(role)), asked.amounts);
      const rest = swap(offered, taken, unreserved(taken));
      return { operation: { kind: "unreserve", resources: taken, ...id }, rest };
    }
    case "create": {
      const disk = reservedDisk(asked, offered, role, asked.mib);
      const made = volume(disk, asked.volume);
      return {
        operation: { kind: "create", volumes: [made], ...id },
        rest: swap(offered, [disk], [made]),
      };
    }
    case "destroy": {
      const held = volumeIn(asked, offered, asked.id);
      const rest = swap(offered, [held], [withoutVolume(held)]);
      return { operation: { kind: "destroy", volumes: [held], ...id }, rest };
    }
    case "grow-volume": {
      const held = volumeIn(asked, offered, asked.id);
      const addition = withAmount(withoutVolume(held), milliOf(asked.mib));
      const grown = withAmount(held, amountOf(held) + milliOf(asked.mib));
      if (!fit(offered, { resources: [addition] }).isFit) {
        throw misfit(asked, offered, `${asked.mib} MiB of disk with the volume's reservation`);
      }
      const rest = swap(offered, [held, addition], [grown]);
      return { operation: { kind: "grow-volume", volume: held, addition, ...id }, rest };
    }
    case "shrink-volume": {
      const held = volumeIn(asked, offered, asked.id);
      const subtractMilli = milliOf(asked.mib);
      if (subtractMilli >= amountOf(held)) {
        throw misfit(asked, offered, `a volume that is larger than ${asked.mib} MiB`);
      }
      const parts = [
        withAmount(held, amountOf(held) - subtractMilli),
        withAmount(withoutVolume(held), subtractMilli),
      ];
      const rest = swap(offered, [held], parts);
      return { operation: { kind: "shrink-volume", volume: held, subtractMilli, ...id }, rest };
    }
  }
}

/** The resources of a volume that a task wants to hold. */
export function volumeIn(
  asked: { readonly kind: string },
  offered: Resources,
  id: string,
): Resource {
  const held = volumesOf(offered).get(id);
  if (held === undefined) throw misfit(asked, offered, `volume ${id}`);
  return held;
}

function take(asked: ReshapeOperation, from: Resources, amounts: Amounts): Resources {
  const wanted = resourcesOf(amounts);
  const found = fit(from, { resources: wanted });
  if (found.isFit && wanted.length > 0) return found.taken;
  throw misfit(asked, from, formatResources(wanted));
}

function reservedDisk(
  asked: ReshapeOperation,
  offered: Resources,
  role: Role,
  mib: number,
): Resource {
  const milli = milliOf(mib);
  const disk = offered.find(
    (resource) =>
      resource.name === "disk" &&
      resource.reservations?.at(-1)?.role === role &&
      resource.disk?.persistence === undefined &&
      amountOf(resource) >= milli,
  );
  if (disk === undefined || milli <= 0) {
    throw misfit(asked, offered, `${mib} MiB of disk that is reserved for role ${role}`);
  }
  return withAmount(disk, milli);
}

function isDynamicOf(role: Role): (resource: Resource) => boolean {
  return ({ reservations }) => {
    const newest = reservations?.at(-1);
    return newest?.type === "dynamic" && newest.role === role;
  };
}

function milliOf(mib: number): number {
  const [disk] = resourcesOf({ disk: mib });
  return disk === undefined ? 0 : amountOf(disk);
}

function swap(resources: Resources, taken: Resources, put: Resources): Resources {
  return add(subtract(resources, taken), put);
}

function misfit(
  asked: { readonly kind: string },
  offered: Resources,
  wanted: string,
): ClusterError {
  return new ClusterError(
    "invalid_call",
    `cannot ${asked.kind}: ${wanted} wanted, ${formatResources(offered)} there`,
    {
      hint: "look at offer.resources first; reservations and volumes come with offers of their agent to their role",
    },
  );
}
