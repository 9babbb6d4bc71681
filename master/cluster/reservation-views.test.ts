import type { OperatorQuery, OperatorView } from "@bourse/model/operator";
import { describe, expect, test } from "vitest";
import { agentInfo, frameworkInfo } from "./testing/builders.ts";
import { formatExact } from "./testing/resource-words.ts";
import { World } from "./testing/world.ts";

/** Agents with reservations for two roles each, and volumes on some of them; nobody subscribes but to `eng/a`. */
function worldOf(agents: number): World {
  const world = new World();
  for (let index = 0; index < agents; index++) {
    const volume = index % 2 === 0 ? "" : ",disk(eng)[v1:data]=5";
    const has = `cpus=1,cpus(ops)=2,cpus(eng)=1,cpus(eng@p)=1,cpus(!eng)=1${volume}`;
    const info = agentInfo(new Map([["has", has]]));
    const message = { kind: "register", info, epochSeen: 0 } as const;
    world.apply({ kind: "agent-message", session: index + 10, message });
  }
  const info = frameworkInfo("f1", new Map([["roles", "eng/a"]]));
  const call = { kind: "subscribe", info, suppressedRoles: ["eng/a"], epochSeen: 0 } as const;
  world.apply({ kind: "framework-call", session: 1, call });
  return world;
}

function linesOf(view: OperatorView): string[] {
  if (view.kind === "reservations") {
    return view.reservations.map(
      ({ agentId, role, resources, isOrphaned }) =>
        `${agentId.split("-").at(-1)} ${role} ${formatExact(resources)}${isOrphaned ? " orphaned" : ""}`,
    );
  }
  if (view.kind !== "volumes") throw new Error(`no lines of ${view.kind}`);
  return view.volumes.map(({ agentId, resource }) => `${agentId} ${formatExact([resource])}`);
}

/** All pages, one after the other. */
function pagesOf(world: World, kind: "reservations" | "volumes", limit: number): string[] {
  const lines: string[] = [];
  let after: string | undefined;
  do {
    const page = after === undefined ? { limit } : { limit, after };
    const view = world.query({ kind, page } satisfies OperatorQuery);
    lines.push(...linesOf(view));
    after = "next" in view ? view.next : undefined;
  } while (after !== undefined);
  return lines;
}

describe("reservations and volumes of all agents", () => {
  test("each role, type, principal and agent has a line; roles of nobody are orphaned (N-13)", () => {
    expect(pagesOf(worldOf(1), "reservations", 100)).toEqual([
      "S0 eng cpus(eng)=1",
      "S0 eng cpus(eng@p)=1",
      "S0 eng cpus(!eng)=1",
      "S0 ops cpus(ops)=2 orphaned",
    ]);
  });

  test.each([1, 2, 3, 4, 5, 7, 100])("pages of %d give everything once, in one order", (limit) => {
    const world = worldOf(12);
    expect(pagesOf(world, "reservations", limit)).toEqual(pagesOf(world, "reservations", 1000));
    expect(pagesOf(world, "reservations", limit)).toHaveLength(48);
    expect(pagesOf(world, "volumes", limit)).toEqual(pagesOf(world, "volumes", 1000));
    expect(pagesOf(world, "volumes", limit)).toHaveLength(6);
  });
});
