import type { FaultScene } from "./fault-scene.ts";

/** One link breaks and loses what is on its way; half of the time both ends know at once, else only after a while. */
export function breakLink(scene: FaultScene): void {
  const { world, fault, random } = scene;
  const { targets } = fault;
  const links = world.network.links.filter(
    (link) => targets === undefined || targets.some((name) => link.touches(name)),
  );
  if (links.length === 0) return;
  const noticeMs = random.chance(0.5) ? 50 : scene.lastMs;
  for (const link of targets === undefined ? [random.pick(links)] : links) {
    scene.note(`link ${link.name} breaks, noticed within ${noticeMs} ms`);
    link.break("connection reset", noticeMs);
  }
}

/** Two sets of nodes no longer reach each other: one node or some from everybody else, one way or both. */
export function partition(scene: FaultScene): void {
  const { world, fault, random, lastMs } = scene;
  const { agents, frameworks, master } = world;
  const isMany = random.chance(0.4);
  const side = isMany ? scene.someOf([...agents, ...frameworks]) : scene.nodes();
  if (side.length === 0) return;
  const names = side.map(({ name }) => name);
  const others = fault.others ?? null;
  const isOneWay = random.chance(0.25);
  // What others send to this side may be what is lost.
  const isTurned = isOneWay && others === null && random.chance(0.5);
  const rest = [master, ...agents, ...frameworks].flatMap(({ name }) =>
    names.includes(name) ? [] : [name],
  );
  scene.note(
    `${listed(names)} ${isOneWay ? (isTurned ? "hears nothing of" : "is not heard by") : "is cut off from"} ${others === null ? "everybody else" : listed(others)} for ${lastMs} ms`,
  );
  const sides = isTurned ? { side: rest, others: names } : { side: names, others };
  world.network.partition({ ...sides, isOneWay }, lastMs);
}

/** Every message takes longer for a while. */
export function slowDown(scene: FaultScene): void {
  const { world, random, lastMs } = scene;
  const extraMs = 1 + random.below(1_500);
  scene.note(`every message takes up to ${extraMs} ms longer for ${lastMs} ms`);
  world.network.slowDown(extraMs, lastMs);
}

function listed(names: readonly string[]): string {
  return names.join(", ");
}
