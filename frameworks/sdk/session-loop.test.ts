import type { Policy, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import { afterEach, expect, test } from "vitest";
import { createDriver, type IntentStore, memoryIntents } from "./index.ts";
import { FakeMaster } from "./testing/fake-master.ts";

const started: { stop(): unknown }[] = [];

afterEach(async () => {
  for (const part of started.splice(0)) await part.stop();
});

/** Kills what it is told to; `!` in front: writes it down first. `a,b` comes back as two outputs. */
class Killer implements Policy<string, string> {
  apply(_now: unknown, event: PolicyEvent<string>): PolicyCalls<string> {
    if (event.kind !== "input") return { calls: [] };
    const outputs = event.input.split(",");
    if (outputs.length > 1) return { calls: [], outputs };
    const persist = event.input.startsWith("!") ? [event.input] : [];
    return { calls: [{ kind: "kill", taskId: event.input }], persist };
  }

  snapshot(): null {
    return null;
  }
}

/** A store in which each write waits to be let through. */
class SlowIntents {
  readonly writes: (() => void)[] = [];
  readonly store: IntentStore = {
    ...memoryIntents(),
    append: () => new Promise<void>((resolve) => this.writes.push(resolve)),
  };

  async letAllThrough(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) {
      for (const resolve of this.writes.splice(0)) resolve();
      await new Promise(setImmediate);
    }
  }
}

async function startKiller() {
  const master = await new FakeMaster().start();
  const driver = createDriver({ masters: [master.address], framework: { name: "test" } });
  started.push(master, driver);
  const intents = new SlowIntents();
  const handle = await driver.runPolicy<string, string>(new Killer(), {
    intents: intents.store,
    onOutput: (output) => handle.input(output),
  });
  await expect.poll(() => driver.isSubscribed).toBe(true);
  const killed = (): string[] =>
    master.calls.flatMap((call) => (call.kind === "kill" ? [call.taskId] : []));
  return { master, driver, intents, handle, killed };
}

test("inputs given from an output wait behind an intent that is not written yet (K-6)", async () => {
  const { master, intents, handle, killed } = await startKiller();
  handle.input("!first,second");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(killed()).toEqual([]);
  await intents.letAllThrough();
  await master.until(() => killed().length === 2);
  expect(killed()).toEqual(["!first", "second"]);
});

test("what was asked for before a stop still leaves, also when it waited for a write", async () => {
  const { driver, intents, handle, killed } = await startKiller();
  handle.input("!first");
  handle.input("!second");
  handle.input("third");
  const stopped = driver.stop();
  await intents.letAllThrough();
  await stopped;
  expect(killed()).toEqual(["!first", "!second", "third"]);
});
