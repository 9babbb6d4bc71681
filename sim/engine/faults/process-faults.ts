import type { FaultScene } from "./fault-scene.ts";

export function crashAgent(scene: FaultScene): void {
  for (const agent of scene.agents()) {
    scene.note(`${agent.name} crashes for ${scene.lastMs} ms`);
    agent.crash();
    scene.keepDown(agent);
  }
}

export function crashFramework(scene: FaultScene): void {
  for (const framework of scene.frameworks()) {
    scene.note(`${framework.name} crashes for ${scene.lastMs} ms`);
    framework.crash();
    scene.keepDown(framework);
  }
}

export function crashMaster(scene: FaultScene): void {
  const { master } = scene.world;
  scene.note(`the master crashes for ${scene.lastMs} ms`);
  master.crash();
  scene.keepDown(master);
}

/** What is durable comes late: everything that waits for it waits, and the loop goes on meanwhile. */
export function slowStore(scene: FaultScene): void {
  const maxMs = 1 + scene.random.below(APPEND_MAX_MS);
  for (const { name, conditions } of scene.nodes()) {
    scene.note(`appends of ${name} take up to ${maxMs} ms for ${scene.lastMs} ms`);
    conditions.slowStore(maxMs, scene.lastMs);
  }
}

/** Longer than a master waits for a ping in a small cluster. */
const APPEND_MAX_MS = 6_000;

/** Seconds as after a leap, an hour as after a wrong time zone, weeks as after a flat battery. */
const JUMPS_MS = [3_000, 60_000, 3_600_000, 86_400_000, 30 * 86_400_000] as const;

/** The wall clock of one node jumps forth or back, half of the time for good. What counts in it goes wrong. */
export function jumpClock(scene: FaultScene): void {
  const { random } = scene;
  const sizeMs = random.below(random.pick(JUMPS_MS)) + 1;
  const byMs = random.chance(0.5) ? sizeMs : -sizeMs;
  const isForGood = random.chance(0.5);
  for (const { name, conditions } of scene.nodes()) {
    scene.note(`the clock of ${name} jumps by ${byMs} ms`);
    conditions.wallOffsetMs += byMs;
    if (isForGood) continue;
    scene.afterwards(() => {
      conditions.wallOffsetMs = 0;
    });
  }
}
