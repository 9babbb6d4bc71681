import type { RegistryEntry, RegistryRecord } from "@bourse/model/registry";
import { describe, expect, test } from "vitest";
import type { Registry } from "./registry.ts";

/** One place to keep things; opening it again is what a restarted master does. */
export interface RegistryPlace {
  open(): Promise<Registry>;
}

/** What every registry promises; run by each adapter's test. */
export function registryContract(name: string, place: () => Promise<RegistryPlace>): void {
  describe(`${name} keeps the registry's promises`, () => {
    test("a new place is empty and has epoch 1", async () => {
      const registry = await (await place()).open();
      expect(await registry.load()).toEqual([]);
      expect(registry.epoch).toBe(1);
      await registry.close();
    });

    test("what was appended is there after opening again, ordered by key, with a higher epoch", async () => {
      const here = await place();
      const first = await here.open();
      await first.append([put("agent/a2"), put("agent/a10"), put("framework/f1")]);
      await first.close();
      const second = await here.open();
      expect((await second.load()).map(nameOf)).toEqual(["agent/a10", "agent/a2", "framework/f1"]);
      expect(second.epoch).toBe(2);
      await second.close();
    });

    test("later records for a key win, within one append and across", async () => {
      const registry = await (await place()).open();
      await registry.append([put("k1", 1), put("k1", 2), put("k2", 1)]);
      await registry.append([
        { op: "delete", key: "k2" },
        put("k1", 3),
        { op: "delete", key: "k9" },
      ]);
      expect(await registry.load()).toEqual([entry("k1", 3)]);
      await registry.close();
    });

    test("entries come back as they went in: maps, bytes and absent fields", async () => {
      const here = await place();
      const framework: RegistryEntry = {
        kind: "framework",
        framework: {
          frameworkId: "f1",
          info: {
            user: "root",
            name: "ünïcode",
            roles: ["*", "a/b"],
            failoverTimeoutMs: 3_600_000,
            isCheckpointing: true,
            capabilities: ["MULTI_ROLE"],
            minAllocatable: new Map([["*", []]]),
            payload: Uint8Array.from([0, 255, 7]),
          },
        },
        registeredAtMs: 1_700_000_000_123,
      };
      const first = await here.open();
      await first.append([{ op: "put", key: "framework/f1", entry: framework }]);
      await first.close();
      const second = await here.open();
      expect(await second.load()).toStrictEqual([framework]);
      await second.close();
    });

    test("a thousand records are one append", async () => {
      const registry = await (await place()).open();
      await registry.append(Array.from({ length: 1_000 }, (_, index) => put(`agent/${index}`)));
      expect(await registry.load()).toHaveLength(1_000);
      await registry.close();
    });
  });
}

function put(key: string, sinceMs = 1): RegistryRecord {
  return { op: "put", key, entry: entry(key, sinceMs) };
}

function entry(name: string, sinceMs: number): RegistryEntry {
  return { kind: "gone-agent", agentId: name, sinceMs };
}

function nameOf(found: RegistryEntry): string {
  return found.kind === "gone-agent" ? found.agentId : "";
}
