import { Random } from "@bourse/model/random";
import { scalar } from "@bourse/model/resources";
import { expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import { ALLOCATOR_DEFAULTS, type Allocation } from "./options.ts";
import { ReferenceAllocator } from "./reference-allocator.ts";

/** Random clusters are small; here every column of the fast allocator has to grow, and more than once. */
const CLIENTS = 20;
/** A second on a quiet machine. */
const TIMEOUT_MS = 60_000;
const NOW = { monoMs: 0, wallMs: 0 };

test(
  "twenty roles, frameworks and agents with names of their own are served alike",
  () => {
    growAlike([]);
  },
  TIMEOUT_MS,
);

test(
  "twenty roles, frameworks and agents are served alike within quotas",
  () => {
    growAlike(["c07", "c17/sub"]);
  },
  TIMEOUT_MS,
);

function growAlike(quotas: readonly string[]): void {
  const config = { ...ALLOCATOR_DEFAULTS, minAllocatable: [] };
  const fast = new Allocator({ random: Random.fromSeed(3), config });
  const slow = new ReferenceAllocator({ random: Random.fromSeed(3), config });
  const both = [fast, slow];
  for (const role of quotas) {
    const guarantees = [{ name: "cpus", milli: 1_000 }];
    for (const one of both) one.updateQuota({ role, guarantees, limits: [] });
  }
  let held: readonly Allocation[] = [];
  for (let index = 0; index < CLIENTS; index++) {
    const name = `c${String(index).padStart(2, "0")}`;
    // Roles of one level and of two; all but the first framework are in the first one's role too.
    const role = index % 3 === 2 ? `${name}/sub` : name;
    const roles = index === 0 ? [role] : [role, "c00"];
    const total = [scalar("cpus", 1_000 + 7 * index), scalar(`own${index}`, 1_000)];
    for (const one of both) {
      one.addFramework(`f-${name}`, { roles, suppressedRoles: [], capabilities: [] });
      one.updateWeight(role, 1 + (index % 4));
      one.addAgent(`a${index}`, { total, hostname: "h", attributes: [] }, []);
    }
    // A run at every size: columns grow while they are in use.
    held = [...held, ...serveAlike(fast, slow)];
    const [first] = held;
    if (index % 2 === 0 || first === undefined) continue;
    for (const one of both) one.recover(first, { kind: "terminal" }, NOW);
    held = [...held.slice(1), ...serveAlike(fast, slow)];
  }
  for (const role of quotas) expect(fast.consumedOf(role)).toEqual(slow.consumedOf(role));
}

function serveAlike(fast: Allocator, slow: ReferenceAllocator): readonly Allocation[] {
  const offers = fast.allocate(NOW, "all");
  expect(offers).toEqual(slow.allocate(NOW, "all"));
  return offers;
}
