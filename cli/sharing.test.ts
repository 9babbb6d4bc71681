import type { VolumeView } from "@bourse/model/operator";
import { canonical, type Resource, ranges, scalar } from "@bourse/model/resources";
import { describe, expect, test } from "vitest";
import { resourcesText } from "./output.ts";
import { pickResources } from "./pick-resources.ts";
import { labelsOf } from "./reservation.ts";
import { inTreeOrder, parseWeights } from "./role.ts";
import { minAllocatableOf, namesOf, sorterOf } from "./sharing-flags.ts";
import { volumeNamed } from "./volume.ts";

describe("weights (M-30)", () => {
  test("have at most three decimals and are above 0", () => {
    expect(parseWeights(["eng=2", "eng/backend=0.001", "a=b=1.5"])).toEqual([
      { role: "eng", weightMilli: 2000 },
      { role: "eng/backend", weightMilli: 1 },
      { role: "a=b", weightMilli: 1500 },
    ]);
  });

  test.each([
    ["eng", "is no role=weight"],
    ["eng=", "is no role=weight"],
    ["=2", "is no role=weight"],
    ["eng=0", "is no role=weight"],
    ["eng=-1", "is no role=weight"],
    ["eng=1.2345", "is no role=weight"],
    ["eng=1e3", "is no role=weight"],
    ["-x=1", "must not begin with -"],
    ["a//b=1", "an empty part"],
  ])("%j is refused", (text, said) => {
    expect(() => parseWeights([text])).toThrow(said);
  });

  test("a role given twice is refused", () => {
    expect(() => parseWeights(["a=1", "a=2"])).toThrow("role a is given two weights");
  });
});

test("in a tree parents stand before their children, whatever sorts between the names", () => {
  const roles = ["a-c", "a", "b", "a/b", "a/b/x"].map((role) => ({ role }));
  expect(inTreeOrder(roles).map(({ role }) => role)).toEqual(["a", "a/b", "a/b/x", "a-c", "b"]);
});

describe("the resources that a user names are found among those of an agent", () => {
  const reserved = (resource: Resource, role: string, label?: string): Resource => ({
    ...resource,
    reservations: [{ type: "dynamic", role, ...(label && { labels: [{ key: label }] }) }],
  });
  const volume: Resource = {
    ...reserved(scalar("disk", 500), "eng"),
    disk: { persistence: { id: "v" } },
  };
  const total = canonical([
    scalar("cpus", 4_000),
    ranges("ports", [{ begin: 1, end: 10 }]),
    reserved(scalar("cpus", 1_000), "eng"),
    reserved(scalar("cpus", 2_000), "eng", "x"),
    volume,
    { ...scalar("mem", 100), isRevocable: true },
  ]);
  const picked = (wanted: Resource, role: string, labels?: readonly { key: string }[]): string =>
    resourcesText(
      pickResources(total, [wanted], labels === undefined ? { role } : { role, labels }),
    );

  test.each<[wanted: Resource, role: string, found: string]>([
    [scalar("cpus", 3_000), "*", "cpus:3"],
    [ranges("ports", [{ begin: 3, end: 4 }]), "*", "ports:[3-4]"],
    [scalar("cpus", 3_000), "eng", "cpus(eng):3"],
  ])("%j of %s", (wanted, role, found) => {
    expect(picked(wanted, role)).toBe(found);
  });

  test("those with other labels are not meant", () => {
    const [only, ...others] = pickResources(total, [scalar("cpus", 2_000)], {
      role: "eng",
      labels: [{ key: "x" }],
    });
    expect(only?.reservations?.at(-1)?.labels).toEqual([{ key: "x" }]);
    expect(others).toEqual([]);
    expect(() => picked(scalar("cpus", 2_000), "eng", [])).toThrow(
      "cpus:2 is asked for, but the agent has cpus:1 reserved for eng",
    );
  });

  test("what is reserved for good is not given back, and is named as the reason", () => {
    const forGood: Resource = {
      ...scalar("cpus", 2_000),
      reservations: [{ type: "static", role: "ops" }],
    };
    const owned = { role: "ops", isDynamic: true };
    const given = reserved(scalar("cpus", 1_000), "ops");
    expect(pickResources([forGood, given], [scalar("cpus", 1_000)], owned)).toEqual([given]);
    expect(() => pickResources([forGood, given], [scalar("cpus", 2_000)], owned)).toThrow(
      "cpus:2 is asked for, but the agent has cpus:1 dynamically reserved for ops",
    );
    expect(() => pickResources([forGood], [scalar("cpus", 1_000)], owned)).toThrow(
      "the agent has no cpus dynamically reserved for ops",
    );
  });

  test.each<[wanted: Resource, role: string, said: string]>([
    [scalar("cpus", 4_001), "*", "cpus:4.001 is asked for, but the agent has cpus:4 unreserved"],
    [scalar("disk", 1), "eng", "the agent has no disk reserved for eng"],
    [scalar("mem", 1), "*", "the agent has no mem unreserved"],
    [ranges("ports", [{ begin: 9, end: 11 }]), "*", "the agent has ports:[1-10] unreserved"],
    [ranges("cpus", [{ begin: 1, end: 1 }]), "*", "cpus:[1-1] is asked for"],
  ])("%j of %s is refused: volumes and revocable resources are not meant", (wanted, role, said) => {
    expect(() => picked(wanted, role)).toThrow(said);
  });
});

test("labels are key=value or a key; a value may have an =", () => {
  expect(labelsOf(["a=1", "b", "c=d=e"])).toEqual([
    { key: "a", value: "1" },
    { key: "b" },
    { key: "c", value: "d=e" },
  ]);
  expect(labelsOf(undefined)).toBeUndefined();
  expect(() => labelsOf(["=x"])).toThrow('--label "=x" has no key');
});

test("resources read as users write them: reservations, volumes, shared and revocable apart", () => {
  const disk: Resource = {
    ...scalar("disk", 1_000),
    reservations: [{ type: "static", role: "eng" }],
  };
  expect(
    resourcesText(
      canonical([
        disk,
        { ...disk, disk: { persistence: { id: "db" } }, isShared: true },
        { ...scalar("cpus", 500), isRevocable: true },
      ]),
    ),
  ).toBe("cpus{revocable}:0.5;disk(eng):1;disk(eng)[db]{shared}:1");
  expect(resourcesText([])).toBe("-");
});

describe("flags of the master that its allocator is told (M-23, M-24)", () => {
  test("--min-allocatable separates alternatives with |", () => {
    expect(minAllocatableOf("cpus:0.01|mem:32;disk:64", "--min-allocatable")).toEqual([
      [scalar("cpus", 10)],
      [scalar("disk", 64_000), scalar("mem", 32_000)],
    ]);
  });

  test.each(["", "|", "cpus:1|", "ports:[1-2]", "cpus(eng):1", "cpus"])(
    "--min-allocatable %j is refused",
    (text) => {
      expect(() => minAllocatableOf(text, "--min-allocatable")).toThrow("--min-allocatable");
    },
  );

  test("sorters are drf and random", () => {
    expect(sorterOf("random", "--role-sorter")).toBe("random");
    expect(() => sorterOf("fair", "--role-sorter")).toThrow('--role-sorter "fair" is not a sorter');
  });

  test("excluded names are sorted, each once; what is no name is refused", () => {
    expect(namesOf("gpus, disk,gpus", "--x")).toEqual(["disk", "gpus"]);
    expect(() => namesOf("gpus,,disk", "--x")).toThrow('--x: "" names no resource');
  });
});

describe("a volume goes by its whole id (M-68)", () => {
  const row = (volumeId: string, role: string, agentId: string): VolumeView => ({
    ...{ agentId, hostname: "node-1", volumeId, role, resource: scalar("disk", 1_000) },
    ...{ usedBy: [], isOrphaned: false },
  });
  const rows = [row("db-1", "eng", "S0"), row("db", "ops", "S0"), row("db", "ops", "S1")];

  test("db-1 is that one", () => expect(volumeNamed("db-1", rows)).toBe(rows[0]));

  test("a part of an id is not enough to destroy what has it", () => {
    for (const part of ["db-", "1", "b-1", ""])
      expect(() => volumeNamed(part, rows)).toThrowError(
        expect.objectContaining({ code: "not_found", hint: expect.stringMatching(/whole id/) }),
      );
  });

  test("of several with the same id, all are listed with what tells them apart", () => {
    expect(() => volumeNamed("db", rows)).toThrowError(
      expect.objectContaining({
        code: "invalid_call",
        message: 'volume "db" may be that of role ops on S0, that of role ops on S1',
        hint: expect.stringMatching(/--agent, --role/),
      }),
    );
  });
});
