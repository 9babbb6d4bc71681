import { add, type Resource, type Resources, ranges, scalar } from "@bourse/model/resources";
import fc from "fast-check";
import { expect, test } from "vitest";
import { resourcesOf } from "./amounts.ts";
import { explainMisfit, fit, type PlacementConstraint } from "./placement.ts";

const OFFER: Resources = [
  scalar("cpus", 1_100),
  scalar("mem", 512_000),
  ranges("ports", [
    { begin: 31_000, end: 31_001 },
    { begin: 31_010, end: 31_012 },
  ]),
];
const RESERVED: Resource = {
  ...scalar("cpus", 500),
  reservations: [{ type: "dynamic", role: "eng" }],
};

test("a request that fits takes exactly its amounts and the lowest ports, and leaves the rest", () => {
  const found = fit(OFFER, { resources: resourcesOf({ cpus: 0.7, mem: 128 }), ports: 3 });
  expect(found).toEqual({
    isFit: true,
    ports: [31_000, 31_001, 31_010],
    taken: [
      scalar("cpus", 700),
      scalar("mem", 128_000),
      ranges("ports", [
        { begin: 31_000, end: 31_001 },
        { begin: 31_010, end: 31_010 },
      ]),
    ],
    rest: [
      scalar("cpus", 400),
      scalar("mem", 384_000),
      ranges("ports", [{ begin: 31_011, end: 31_012 }]),
    ],
  });
});

test("a request that does not fit says everything that is short, not only the first (N-01)", () => {
  const found = fit(OFFER, {
    resources: resourcesOf({ cpus: 1.5, mem: 1_024, gpus: 1 }),
    ports: 6,
  });
  expect(found).toEqual({
    isFit: false,
    reasons: [
      { code: "insufficient-cpus", detail: "0.4 short: 1.5 wanted, 1.1 offered" },
      { code: "insufficient-gpus", detail: "1 short: 1 wanted, 0 offered" },
      { code: "insufficient-mem", detail: "512 short: 1024 wanted, 512 offered" },
      { code: "insufficient-ports", detail: "1 short: 6 wanted, 5 offered" },
    ],
  });
});

test("reserved resources go first, and unreserved ones make up what is missing", () => {
  const found = fit([scalar("cpus", 1_000), RESERVED], { resources: [scalar("cpus", 700)] });
  expect(found).toMatchObject({
    isFit: true,
    taken: [scalar("cpus", 200), RESERVED],
    rest: [scalar("cpus", 800)],
  });
});

test.each<[what: string, offered: Resource]>([
  ["revocable", { ...scalar("cpus", 900), isRevocable: true }],
  ["shared", { ...scalar("cpus", 900), isShared: true }],
  ["of a volume", { ...scalar("cpus", 900), disk: { persistence: { id: "v" } } }],
])("a plain request takes nothing that is %s, and one for exactly that takes it", (_, offered) => {
  expect(fit([offered], { resources: [scalar("cpus", 900)] }).isFit).toBe(false);
  expect(fit([offered], { resources: [offered] })).toMatchObject({ isFit: true, rest: [] });
});

test("ports that are asked for by number are taken as they are", () => {
  const wanted = ranges("ports", [{ begin: 31_011, end: 31_012 }]);
  expect(fit(OFFER, { resources: [wanted], ports: 1 })).toMatchObject({ ports: [31_000] });
  const missing = ranges("ports", [{ begin: 31_012, end: 31_014 }]);
  expect(fit(OFFER, { resources: [missing] })).toEqual({
    isFit: false,
    reasons: [{ code: "insufficient-ports", detail: "31013-31014 not offered" }],
  });
});

test("what is taken and what is left are together what was offered, and no port is given twice", () => {
  const anyAmount = fc.integer({ min: 1, max: 2_000 });
  const anyRanges = fc.array(fc.record({ begin: fc.nat(50), length: fc.nat(5) }), { maxLength: 4 });
  fc.assert(
    fc.property(anyAmount, anyAmount, anyRanges, fc.nat(8), (has, wants, pieces, ports) => {
      const offered = add(
        [scalar("cpus", has), { ...RESERVED }],
        [
          ranges(
            "ports",
            pieces.map(({ begin, length }) => ({ begin, end: begin + length })),
          ),
        ],
      );
      const found = fit(offered, { resources: [scalar("cpus", wants)], ports });
      if (!found.isFit) {
        expect(found.reasons.length).toBeGreaterThan(0);
        return;
      }
      expect(add(found.taken, found.rest)).toEqual(offered);
      expect(new Set(found.ports).size).toBe(ports);
    }),
  );
});

const HOST = {
  hostname: "h1",
  resources: OFFER,
  attributes: [
    { name: "rack", value: { type: "text", text: "r1" } },
    { name: "level", value: { type: "scalar", milli: 2_000 } },
  ],
} as const;

test.each<[constraint: PlacementConstraint, detail: string | null]>([
  [{ kind: "hostname-equals", hostname: "h1" }, null],
  [{ kind: "hostname-equals", hostname: "h2" }, "the host must be h2, it is h1"],
  [{ kind: "hostname-not-equals", hostname: "h1" }, "the host must not be h1"],
  [{ kind: "attribute-equals", name: "rack", text: "r1" }, null],
  [{ kind: "attribute-equals", name: "level", text: "2" }, null],
  [{ kind: "attribute-equals", name: "rack", text: "r2" }, "rack must be r2, it is r1"],
  [{ kind: "attribute-equals", name: "zone", text: "z" }, "zone must be z, the agent has no zone"],
  [{ kind: "attribute-not-equals", name: "zone", text: "z" }, null],
  [{ kind: "attribute-not-equals", name: "rack", text: "r1" }, "rack must not be r1"],
  [{ kind: "attribute-exists", name: "rack" }, null],
  [{ kind: "attribute-exists", name: "zone" }, "the agent has no zone"],
  [{ kind: "attribute-not-exists", name: "rack" }, "the agent has rack"],
])("%j on h1 in rack r1: %s", (constraint, detail) => {
  const request = { resources: [scalar("cpus", 1)], constraints: [constraint] };
  expect(explainMisfit(HOST, request)).toEqual(
    detail === null ? [] : [{ code: `constraint-${constraint.kind}`, detail }],
  );
});

test("constraints and what is short are told together", () => {
  const reasons = explainMisfit(HOST, {
    resources: [scalar("cpus", 9_000)],
    constraints: [{ kind: "attribute-exists", name: "ssd" }],
  });
  expect(reasons.map(({ code }) => code)).toEqual([
    "constraint-attribute-exists",
    "insufficient-cpus",
  ]);
});

test("amounts are exact: a fourth decimal is refused, not rounded (D9)", () => {
  expect(resourcesOf({ cpus: 0.1, mem: 32 })).toEqual([scalar("cpus", 100), scalar("mem", 32_000)]);
  expect(() => resourcesOf({ cpus: 0.0001 })).toThrow("at most three decimals");
  expect(() => resourcesOf({ mem: -1 })).toThrow("at least 0");
});
