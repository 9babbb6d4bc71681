import { Random } from "@bourse/model/random";
import { contains, type Resources, scalar, subtract } from "@bourse/model/resources";
import { Allocator } from "./allocator.ts";
import { ALLOCATOR_DEFAULTS } from "./options.ts";
import type { Demand } from "./theory.ts";

/**
 * Lets users with one kind of task each live on the allocator's offers until the poorest one's next task fits no
 * more (the stop rule of the paper's algorithm), machine by machine. Returns who was served, in order.
 */
export function fillByOffers(
  machines: readonly (readonly number[])[],
  users: readonly { readonly name: string; readonly demand: Demand; readonly weight?: number }[],
): readonly string[] {
  const config = { ...ALLOCATOR_DEFAULTS, minAllocatable: [] };
  const allocator = new Allocator({ random: Random.fromSeed(1), config });
  const now = { monoMs: 0, wallMs: 0 };
  for (const { name, weight } of users) {
    allocator.addFramework(name, { roles: [name], suppressedRoles: [], capabilities: [] });
    if (weight !== undefined) allocator.updateWeight(name, weight);
  }
  machines.forEach((machine, index) => {
    allocator.addAgent(`m${index}`, { total: amounts(machine), hostname: "h", attributes: [] }, []);
    allocator.deactivateAgent(`m${index}`);
  });
  const served: string[] = [];
  for (const index of machines.keys()) {
    allocator.activateAgent(`m${index}`);
    for (;;) {
      const [offer] = allocator.allocate(now, "changed");
      if (offer === undefined) break;
      const wanted = amounts(users.find(({ name }) => name === offer.frameworkId)?.demand ?? []);
      const isFit = contains(offer.resources, wanted);
      const resources = isFit ? subtract(offer.resources, wanted) : offer.resources;
      allocator.recover({ ...offer, resources }, { kind: "terminal" }, now);
      if (!isFit) break;
      served.push(offer.frameworkId);
    }
    allocator.deactivateAgent(`m${index}`);
  }
  return served;
}

function amounts(list: readonly number[]): Resources {
  return list.map((amount, index) =>
    scalar(["cpus", "disk", "mem"][index] as string, amount * 1000),
  );
}
