import { assert } from "@bourse/model/assert";
import { canonical, type Label, type Resource, type Resources } from "@bourse/model/resources";

/** For whom something is reserved. */
export interface ReservationFor {
  readonly role: string;
  /** The framework's own, where it has one (M-32). */
  readonly principal?: string;
  readonly labels?: readonly Label[];
}

/** The same resources with one dynamic reservation more: what RESERVE asks for (FEATURES M-32, M-33). */
export function reserved(resources: Resources, reservation: ReservationFor): Resources {
  return canonical(
    resources.map((resource) => ({
      ...resource,
      reservations: [
        ...(resource.reservations ?? []),
        { type: "dynamic" as const, ...reservation },
      ],
    })),
  );
}

/** The same resources without their newest reservation, which must be a dynamic one: what UNRESERVE leaves. */
export function unreserved(resources: Resources): Resources {
  return canonical(
    resources.map(({ reservations = [], ...resource }) => {
      assert(reservations.at(-1)?.type === "dynamic", "only a dynamic reservation is taken away");
      const rest = reservations.slice(0, -1);
      return rest.length === 0 ? resource : { ...resource, reservations: rest };
    }),
  );
}

export interface VolumeDescription {
  /** Unique within the role on one agent; better, anywhere (M-68). */
  readonly id: string;
  /** Where tasks see it; relative = below their sandbox. */
  readonly containerPath: string;
  readonly mode?: "RW" | "RO";
  readonly principal?: string;
  /** Several tasks may use it at once; the framework needs SHARED_RESOURCES. */
  readonly isShared?: boolean;
}

/** A volume made of reserved disk, all of it: what CREATE asks for, and what a task then holds (FEATURES M-68). */
export function volume(disk: Resource, description: VolumeDescription): Resource {
  const { id, containerPath, mode = "RW", principal, isShared } = description;
  const persistence = { id, ...(principal === undefined ? {} : { principal }) };
  return {
    ...disk,
    disk: { ...disk.disk, persistence, volume: { containerPath, mode } },
    ...(isShared === true ? { isShared } : {}),
  };
}

/** The persistent volumes among resources, by id. */
export function volumesOf(resources: Resources): ReadonlyMap<string, Resource> {
  return new Map(
    resources.flatMap((resource) => {
      const id = resource.disk?.persistence?.id;
      return id === undefined ? [] : [[id, resource] as const];
    }),
  );
}
