import { canonical, type Resource, type Resources } from "@bourse/model/resources";
import { dynamicPart } from "@bourse/task/total-resources";

/** What a machine has below the reservations and volumes that operations made of it: `combineTotal` backwards. */
export function machineResources(total: Resources): Resources {
  const made = new Set(dynamicPart(total));
  return canonical(
    total.map((resource) => (made.has(resource) ? withoutMade(resource) : resource)),
  );
}

function withoutMade(resource: Resource): Resource {
  const { name, value, isRevocable } = resource;
  const reservations = resource.reservations?.filter(({ type }) => type === "static") ?? [];
  const source = resource.disk?.source;
  return {
    name,
    value,
    ...(reservations.length > 0 && { reservations }),
    ...(source !== undefined && { disk: { source } }),
    ...(isRevocable !== undefined && { isRevocable }),
  };
}
