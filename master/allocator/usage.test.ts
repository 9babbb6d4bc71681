import { Random } from "@bourse/model/random";
import { canonical, type Resources, scalar } from "@bourse/model/resources";
import { expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import { ALLOCATOR_DEFAULTS } from "./options.ts";

const at = (monoMs: number) => ({ monoMs, wallMs: monoMs });

function cluster(): Allocator {
  const allocator = new Allocator({ random: Random.fromSeed("usage"), config: ALLOCATOR_DEFAULTS });
  allocator.addAgent("a1", { total: size(4_000, 8_000), hostname: "h1", attributes: [] }, []);
  allocator.addAgent("a2", { total: size(2_000, 4_000), hostname: "h2", attributes: [] }, []);
  return allocator;
}

function size(cpus: number, mem: number): Resources {
  return canonical([scalar("cpus", cpus), scalar("mem", mem)]);
}

function columns(allocator: Allocator): { total: number[][]; held: number[][] } {
  const { usage } = allocator;
  const into = { total: new Float64Array(1), held: new Float64Array(1) };
  usage.readAgents(into);
  const rows = (column: Float64Array): number[][] =>
    Array.from({ length: usage.agentSlots }, (_, slot) =>
      Array.from(column.subarray(slot * usage.dimensions, (slot + 1) * usage.dimensions)),
    );
  return { total: rows(into.total), held: rows(into.held) };
}

test("usage reads what agents have and what is held of them, agent by agent", () => {
  const allocator = cluster();
  const resources = size(1_000, 500);
  allocator.addUsed("a2", { frameworkId: "f1", role: "eng/web", resources });
  const { usage } = allocator;
  expect([usage.dimensionName(0), usage.dimensionName(1)]).toEqual(["cpus", "mem"]);
  expect(usage.totalOf(0)).toBe(6_000);
  expect(columns(allocator)).toEqual({
    total: [
      [4_000, 8_000],
      [2_000, 4_000],
    ],
    held: [
      [0, 0],
      [1_000, 500],
    ],
  });
  expect(usage.agentIdOf(usage.slotOf("a2"))).toBe("a2");
});

test("what is held in a role counts for the roles above it as well", () => {
  const allocator = cluster();
  allocator.addUsed("a1", { frameworkId: "f1", role: "eng/web", resources: size(1_000, 500) });
  const { usage } = allocator;
  expect(usage.heldByRole(usage.roleSlotOf("eng"), 0)).toBe(1_000);
  expect(usage.heldByRole(usage.roleSlotOf("eng/web"), 1)).toBe(500);
  expect(usage.roleSlotOf("ops")).toBe(-1);
});

test("an agent that is gone leaves an unused slot behind", () => {
  const allocator = cluster();
  const slot = allocator.usage.slotOf("a1");
  expect(allocator.usage.isActive(slot)).toBe(true);
  allocator.deactivateAgent("a1");
  expect(allocator.usage.isActive(slot)).toBe(false);
  allocator.removeAgent("a1");
  expect(allocator.usage.agentIdOf(slot)).toBeNull();
  expect(columns(allocator).total[slot]).toEqual([0, 0]);
});

test("a role that waits for its share is unserved from the periodic run on (N-02)", () => {
  const allocator = cluster();
  allocator.addUsed("a1", { frameworkId: "f1", role: "ops", resources: size(4_000, 8_000) });
  allocator.addUsed("a2", { frameworkId: "f1", role: "ops", resources: size(2_000, 4_000) });
  allocator.addFramework("f2", { roles: ["eng"], suppressedRoles: [], capabilities: [] });
  const unserved = (monoMs: number) =>
    allocator.usage.unservedForMs(allocator.usage.roleSlotOf("eng"), monoMs);
  expect(unserved(0)).toBeNull();
  allocator.allocate(at(1_000), "all");
  expect(unserved(4_000)).toBe(3_000);
});
