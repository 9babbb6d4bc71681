import { expect, test } from "vitest";
import { MemoryRegistry, memoryStore } from "./memory.ts";
import { registryContract } from "./registry-contract.ts";

registryContract("MemoryRegistry", async () => {
  const store = memoryStore();
  return { open: async () => new MemoryRegistry(store) };
});

test("an owner that was followed by another can no longer write", async () => {
  const store = memoryStore();
  const first = new MemoryRegistry(store);
  new MemoryRegistry(store);
  await expect(first.append([{ op: "delete", key: "k" }])).rejects.toThrow("taken it over");
});
