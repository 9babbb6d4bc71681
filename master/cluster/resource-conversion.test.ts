import type { ResourceOperation } from "@bourse/model/operation";
import {
  addAll,
  contains,
  type Resource,
  type Resources,
  scalarMilli,
} from "@bourse/model/resources";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Conversion, conversionOf, type Requester } from "./resource-conversion.ts";
import { operationOf } from "./testing/builders.ts";
import { formatExact, resourcesOf } from "./testing/resource-words.ts";

const TOTAL =
  "cpus=4,mem=1024,disk=500,cpus(!ads)=2,cpus(eng)=2,disk(eng)=100,disk(eng)[v1:data]=50," +
  "disk(eng)[s1:shared]+shared=20,disk(eng)+mount:/m=30,disk(eng)+path:/p=40,disk(eng)+raw:r=40";

const operator: Requester = {};
function offered(role: string, ...capabilities: "SHARED_RESOURCES"[]): Requester {
  return { framework: { role, capabilities } };
}

function words(result: Conversion | string): string {
  if (typeof result === "string") return result;
  return `${formatExact(result.consumed)} -> ${formatExact(result.converted)}`;
}

describe("what an operation makes of what", () => {
  test.each<[operation: string, by: Requester, result: string]>([
    ["reserve:cpus(eng)=1,mem(eng)=8", offered("eng"), "cpus=1,mem=8 -> cpus(eng)=1,mem(eng)=8"],
    ["reserve:cpus(eng>eng/a)=1", offered("eng/a"), "cpus(eng)=1 -> cpus(eng>eng/a)=1"], // M-33
    ["reserve:cpus(!ads>ads/x)=1", operator, "cpus(!ads)=1 -> cpus(!ads>ads/x)=1"],
    ["unreserve:cpus(eng>eng/a)=1", offered("eng/a"), "cpus(eng>eng/a)=1 -> cpus(eng)=1"],
    ["unreserve:cpus(eng)=1", offered("eng"), "cpus(eng)=1 -> cpus=1"],
    ["create:disk(eng)[v2:d]=10", offered("eng"), "disk(eng)=10 -> disk(eng)[v2:d]=10"],
    [
      "create:disk(eng)[v2:d]+path:/p=10",
      operator,
      "disk(eng)+path:/p=10 -> disk(eng)[v2:d]+path:/p=10",
    ],
    [
      "create:disk(eng)[v2:d]+mount:/m=30",
      operator,
      "disk(eng)+mount:/m=30 -> disk(eng)[v2:d]+mount:/m=30",
    ],
    [
      "create:disk(eng)[v2:d]+shared=10",
      offered("eng", "SHARED_RESOURCES"),
      "disk(eng)=10 -> disk(eng)[v2:d]+shared=10",
    ],
    ["create:disk(eng)[v2:a/b]=10", offered("eng"), "disk(eng)=10 -> disk(eng)[v2:a/b]=10"],
    ["create:disk(ops)[v1:d]=10", operator, "disk(ops)=10 -> disk(ops)[v1:d]=10"], // Unique per role.
    ["destroy:disk(eng)[v1:data]=50", offered("eng"), "disk(eng)[v1:data]=50 -> disk(eng)=50"],
    [
      "grow:disk(eng)[v1:data]=50,disk(eng)=10",
      offered("eng"),
      "disk(eng)[v1:data]=50,disk(eng)=10 -> disk(eng)[v1:data]=60",
    ],
    [
      "shrink:disk(eng)[v1:data]=50,20",
      offered("eng"),
      "disk(eng)[v1:data]=50 -> disk(eng)[v1:data]=30,disk(eng)=20",
    ],
  ])("%s", (operation, by, result) => {
    expect(words(conversionOf(operationOf(operation), by, resourcesOf(TOTAL)))).toBe(result);
  });
});

describe("what is refused, and why", () => {
  test.each<[operation: string, by: Requester, reason: string]>([
    ["reserve:", operator, "it names no resources"],
    ["reserve:cpus(eng)=0", operator, "the amount of cpus is 0"],
    ["reserve:cpus=1", operator, "cpus:1 names no reservation to make"],
    ["reserve:gpus(eng)=0.5", operator, "gpus(eng):0.5: gpus are whole"],
    ["reserve:cpus(*)=1", operator, "role * cannot be reserved for"],
    [
      "reserve:cpus(-x)=1",
      operator,
      'role "-x" is not valid: a part of a role must not begin with -',
    ],
    ["reserve:cpus(!eng)=1", operator, "cpus(eng):1: only dynamic reservations can be made"],
    ["reserve:cpus(eng>!eng/a)=1", operator, "a refined reservation cannot be static"],
    [
      "reserve:cpus(eng>ops)=1",
      operator,
      "role ops is not below role eng, whose reservation it would refine",
    ],
    [
      "reserve:cpus(eng>eng)=1",
      operator,
      "role eng is not below role eng, whose reservation it would refine",
    ],
    [
      "reserve:cpus(eng>engine)=1",
      operator,
      "role engine is not below role eng, whose reservation it would refine",
    ],
    ["reserve:cpus(eng)+revocable=1", operator, "cpus(eng):1 is revocable"],
    [
      "reserve:cpus(eng)=1",
      offered("eng/a"),
      "cpus(eng):1 would be reserved for role eng, but was offered to role eng/a",
    ],
    [
      "reserve:cpus(eng/a)=1",
      offered("eng"),
      "cpus(eng/a):1 would be reserved for role eng/a, but was offered to role eng",
    ],
    [
      "reserve:disk(eng>eng/a)[v1:data]=50",
      operator,
      "disk(eng/a)[v1]:50 is a volume; destroy it first",
    ],
    ["unreserve:cpus=1", operator, "cpus:1 is not reserved"],
    [
      "unreserve:cpus(!ads)=1",
      operator,
      "cpus(ads):1 is reserved by its agent's configuration; only dynamic reservations can be taken away",
    ],
    ["unreserve:disk(eng)[v1:data]=50", operator, "disk(eng)[v1]:50 is a volume; destroy it first"],
    [
      "unreserve:disk(eng)+mount:/m=10",
      operator,
      "disk(eng):10 is a part of the mount disk of disk(eng):30, which is used as a whole or not at all",
    ],
    [
      "create:disk[v2:d]=10",
      operator,
      "volume v2 is on disk that is not reserved; reserve it first",
    ],
    [
      "create:disk(eng)=10",
      operator,
      "disk(eng):10 is not a volume: it needs an id and a container path",
    ],
    ["create:cpus(eng)[v2:d]=1", operator, "cpus is not disk"],
    ["create:disk(eng)[v1:d]=10", operator, "role eng has a volume v1 on this agent already"],
    [
      "create:disk(eng)[v2:d]=10,disk(eng)[v2:e]=10",
      operator,
      "role eng has a volume v2 on this agent already",
    ],
    [
      "create:disk(eng)[v2:/d]=10",
      operator,
      "the container path of volume v2 is absolute; it must be relative to the sandbox",
    ],
    ["create:disk(eng)[v2:a/../b]=10", operator, 'the container path of volume v2 has a part ".."'],
    ["create:disk(eng)[v2:]=10", operator, "the container path of volume v2 is empty"],
    ["create:disk(eng)[..:d]=10", operator, 'the id of volume .. is ".."'],
    [
      "create:disk(eng)[v2:d]+ro=10",
      operator,
      "volume v2 is read-only, and nothing could ever be written to it",
    ],
    ["create:disk(eng)[v2:d]+raw:r=10", operator, "volume v2 cannot be on a raw disk"],
    [
      "create:disk(eng)[v2:d]+mount:/m=10",
      operator,
      "disk(eng):10 is a part of the mount disk of disk(eng):30, which is used as a whole or not at all",
    ],
    [
      "create:disk(eng)[v2:d]+shared=10",
      offered("eng"),
      "volume v2 is shared, but the framework does not have the capability SHARED_RESOURCES",
    ],
    [
      "destroy:disk(eng)=10",
      operator,
      "disk(eng):10 is not a volume: it needs an id and a container path",
    ],
    ["destroy:disk(eng)[v9:data]=50", operator, "there is no volume v9 of this kind on the agent"],
    [
      "destroy:disk(eng)[v1:data]=20",
      operator,
      "volume v1 has disk(eng)[v1]:50, not disk(eng)[v1]:20",
    ],
    [
      "grow:disk(eng)[v1:data]=50,disk=10",
      operator,
      "disk:10 is not disk of the same reservation and source as volume v1",
    ],
    [
      "grow:disk(eng)[v1:data]=50,disk(eng)+path:/p=10",
      operator,
      "disk(eng):10 is not disk of the same reservation and source as volume v1",
    ],
    ["grow:disk(eng)[v1:data]=50,disk(eng)=0", operator, "the amount of disk is 0"],
    [
      "grow:disk(eng)[s1:shared]+shared=20,disk(eng)=10",
      operator,
      "volume s1 is shared and keeps its size",
    ],
    [
      "grow:disk(eng)[v3:d]+mount:/m=30,disk(eng)=10",
      operator,
      "volume v3 is on a mount disk, which is used as a whole or not at all",
    ],
    [
      "shrink:disk(eng)[v1:data]=50,50",
      operator,
      "volume v1 has disk(eng)[v1]:50, and shrinking must leave something of it",
    ],
    [
      "shrink:disk(eng)[v1:data]=50,0",
      operator,
      "volume v1 can only be shrunk by more than nothing",
    ],
    [
      "shrink:disk(eng)[s1:shared]+shared=20,10",
      operator,
      "volume s1 is shared and keeps its size",
    ],
  ])("%s", (operation, by, reason) => {
    expect(conversionOf(operationOf(operation), by, resourcesOf(TOTAL))).toBe(reason);
  });

  test("a reservation or volume names the principal of who makes it (M-32)", () => {
    const by = { ...offered("eng"), principal: "p" };
    const of = (text: string) => words(conversionOf(operationOf(text), by, resourcesOf(TOTAL)));
    expect(of("reserve:cpus(eng@p)=1")).toBe("cpus=1 -> cpus(eng@p)=1");
    expect(of("reserve:cpus(eng)=1")).toBe(
      "the reservation of cpus(eng):1 names no principal; it must be p",
    );
    expect(of("reserve:cpus(eng@q)=1")).toBe(
      "the reservation of cpus(eng):1 names principal q, but it must be p",
    );
    expect(of("create:disk(eng)[v2:d@q]=1")).toBe("volume v2 names principal q, but it must be p");
    expect(of("create:disk(eng)[v2:d@p]=1")).toBe("disk(eng)=1 -> disk(eng)[v2:d@p]=1");
  });
});

test("whatever is converted has the same amounts as before", () => {
  const parts = TOTAL.split(",");
  const anyPart = fc.constantFrom(...parts).map((text) => resourcesOf(text)[0] as Resource);
  const anyOperation: fc.Arbitrary<ResourceOperation> = fc.oneof(
    anyPart.map(({ reservations = [], ...rest }) => ({
      kind: "reserve" as const,
      resources: [
        { ...rest, reservations: [...reservations, { type: "dynamic", role: "eng/x" }] },
      ] as Resources,
    })),
    anyPart.map((resource) => ({ kind: "unreserve" as const, resources: [resource] })),
    anyPart.map((resource) => ({
      kind: "create" as const,
      volumes: [
        {
          ...resource,
          disk: {
            ...resource.disk,
            persistence: { id: "n" },
            volume: { containerPath: "n", mode: "RW" },
          },
        },
      ] as Resources,
    })),
    anyPart.map((resource) => ({ kind: "destroy" as const, volumes: [resource] })),
    fc
      .tuple(anyPart, anyPart)
      .map(([volume, addition]) => ({ kind: "grow-volume" as const, volume, addition })),
    fc.tuple(anyPart, fc.integer({ min: -1000, max: 60_000 })).map(([volume, subtractMilli]) => ({
      kind: "shrink-volume" as const,
      volume,
      subtractMilli,
    })),
  );
  fc.assert(
    fc.property(anyOperation, (operation) => {
      const result = conversionOf(operation, operator, resourcesOf(TOTAL));
      if (typeof result === "string") return;
      for (const name of ["cpus", "mem", "disk"]) {
        expect(scalarMilli(result.converted, name)).toBe(scalarMilli(result.consumed, name));
      }
      const isThere = contains(resourcesOf(TOTAL), result.consumed);
      if (isThere) expect(addAll([result.converted])).toEqual(result.converted);
    }),
  );
});
