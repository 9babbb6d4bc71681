import fc from "fast-check";
import { expect, test } from "vitest";
import {
  add,
  addAll,
  canonical,
  contains,
  equal,
  formatResource,
  formatResources,
  isEmpty,
  kindOf,
  mergeRanges,
  type Resource,
  type Resources,
  ranges,
  rangesOf,
  scalar,
  scalarMilli,
  subtract,
  subtractValues,
} from "./resources.ts";

/** The slow, obvious view of resources: how much of each kind, which elements of each kind. */
function tally(list: readonly Resource[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const resource of list) {
    const { value } = resource;
    const kind = kindOf(resource);
    if (value.type === "scalar") counts.set(kind, (counts.get(kind) ?? 0) + value.milli);
    else for (const element of elementsOf(value)) counts.set(`${kind} ${element}`, 1);
  }
  return new Map(
    Array.from(counts)
      .filter(([, count]) => count !== 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function elementsOf(value: Exclude<Resource["value"], { type: "scalar" }>): readonly string[] {
  if (value.type === "set") return value.items;
  return value.ranges.flatMap(({ begin, end }) =>
    Array.from({ length: end - begin + 1 }, (_, index) => String(begin + index)),
  );
}

const anyRange = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 8 }))
  .map(([begin, more]) => ({ begin, end: begin + more }));
const anyHolder = fc.constantFrom<Partial<Resource>>(
  {},
  {},
  { reservations: [{ type: "static", role: "a" }] },
  { reservations: [{ type: "dynamic", role: "a", labels: [{ key: "k" }] }] },
  { isRevocable: true },
  { disk: { persistence: { id: "v1" } } },
);
const anyResource: fc.Arbitrary<Resource> = fc
  .oneof(
    fc
      .tuple(fc.constantFrom("cpus", "mem"), fc.nat(5_000))
      .map(([name, milli]) => scalar(name, milli)),
    fc.array(anyRange, { maxLength: 4 }).map((list) => ranges("ports", list)),
    fc
      .subarray(["a", "b", "c", "d"])
      .map((items): Resource => ({ name: "bugs", value: { type: "set", items } })),
  )
  .chain((resource) => anyHolder.map((holder) => ({ ...resource, ...holder })));
const anyList = fc.array(anyResource, { maxLength: 8 });
const anyResources = anyList.map(canonical);

test("a canonical list holds the same, one entry a kind, sorted, nothing empty", () => {
  fc.assert(
    fc.property(anyList, (list) => {
      const result = canonical(list);
      expect(tally(result)).toEqual(tally(list));
      const kinds = result.map(kindOf);
      expect(kinds).toEqual(Array.from(new Set(kinds)).sort());
      expect(result.every((resource) => !isEmpty([resource]))).toBe(true);
      expect(canonical(result)).toEqual(result);
    }),
  );
});

test("the order of a list does not matter", () => {
  fc.assert(
    fc.property(anyList, (list) => {
      expect(canonical(list.toReversed())).toEqual(canonical(list));
    }),
  );
});

test("sums are exact and do not depend on the order", () => {
  fc.assert(
    fc.property(anyResources, anyResources, anyResources, (a, b, c) => {
      expect(tally(add(a, b))).toEqual(tally([...a, ...b]));
      expect(add(a, b)).toEqual(add(b, a));
      expect(add(add(a, b), c)).toEqual(add(a, add(b, c)));
      expect(addAll([a, b, c])).toEqual(add(a, add(b, c)));
    }),
  );
});

test("what is taken away and added again is what was there", () => {
  fc.assert(
    fc.property(
      anyResources,
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      (all, picks) => {
        const part = partOf(all, picks);
        const rest = subtract(all, part);
        expect(add(rest, part)).toEqual(all);
        expect(tally(rest).size).toBeLessThanOrEqual(tally(all).size);
        expect(rest).toEqual(canonical(rest));
        for (const [kind, count] of tally(part))
          expect((tally(rest).get(kind) ?? 0) + count).toBe(tally(all).get(kind));
      },
    ),
  );
});

test("contains says whether every kind has as much and every element", () => {
  fc.assert(
    fc.property(anyResources, anyResources, (whole, part) => {
      const held = tally(whole);
      const isObvious = Array.from(tally(part)).every(
        ([kind, count]) => (held.get(kind) ?? 0) >= count,
      );
      expect(contains(whole, part)).toBe(isObvious);
      expect(contains(add(whole, part), part)).toBe(true);
    }),
  );
});

test("subtracting what is not there is a bug", () => {
  fc.assert(
    fc.property(anyResources, anyResources, (whole, part) => {
      fc.pre(!contains(whole, part));
      expect(() => subtract(whole, part)).toThrow(/must be part of/);
    }),
  );
});

test("equal is containing each other", () => {
  fc.assert(
    fc.property(anyResources, anyResources, (a, b) => {
      expect(equal(a, a)).toBe(true);
      expect(equal(a, b)).toBe(formatResources(a) === formatResources(b) && contains(a, b));
    }),
  );
});

test("nothing changes its arguments", () => {
  fc.assert(
    fc.property(anyList, anyResources, (list, other) => {
      const frozen = deepFreeze(list);
      const all = deepFreeze(canonical(frozen));
      deepFreeze(other);
      add(all, other);
      subtract(add(all, other), other);
      contains(all, other);
      addAll([all, other]);
    }),
  );
});

test("ranges merge when they touch or overlap", () => {
  fc.assert(
    fc.property(fc.array(anyRange), (list) => {
      const merged = mergeRanges(list);
      expect(tally([ranges("p", merged)])).toEqual(tally([ranges("p", list)]));
      merged.forEach((range, index) => {
        expect(range.begin).toBeLessThanOrEqual(range.end);
        const before = merged[index - 1];
        if (before !== undefined) expect(range.begin).toBeGreaterThan(before.end + 1);
      });
    }),
  );
});

test.each<[held: readonly [number, number][], taken: readonly [number, number][], rest: string]>([
  [[[1, 10]], [[1, 10]], "nothing"],
  [[[1, 10]], [[1, 3]], "ports:[4-10]"],
  [[[1, 10]], [[8, 10]], "ports:[1-7]"],
  [[[1, 10]], [[5, 5]], "ports:[1-4,6-10]"],
  [
    [
      [1, 3],
      [5, 9],
    ],
    [
      [2, 2],
      [6, 7],
      [9, 9],
    ],
    "ports:[1-1,3-3,5-5,8-8]",
  ],
])("%j without %j is %s", (held, taken, rest) => {
  const ports = (list: readonly [number, number][]): Resources => [
    ranges(
      "ports",
      list.map(([begin, end]) => ({ begin, end })),
    ),
  ];
  expect(formatResources(subtract(ports(held), ports(taken)))).toBe(rest);
});

test("ranges without others are the elements that only the first has, in canonical form", () => {
  const anyRanges = fc
    .array(fc.tuple(fc.nat(30), fc.nat(6)), { maxLength: 6 })
    .map((list) => mergeRanges(list.map(([begin, more]) => ({ begin, end: begin + more }))));
  fc.assert(
    fc.property(anyRanges, anyRanges, (held, taken) => {
      const isIn = (list: typeof held, element: number): boolean =>
        list.some(({ begin, end }) => begin <= element && element <= end);
      const elements = Array.from({ length: 40 }, (_, element) => element).filter(
        (element) => isIn(held, element) && !isIn(taken, element),
      );
      const rest = mergeRanges(elements.map((element) => ({ begin: element, end: element })));
      expect(
        subtractValues({ type: "ranges", ranges: held }, { type: "ranges", ranges: taken }),
      ).toEqual({ type: "ranges", ranges: rest });
    }),
    { numRuns: 1_000 },
  );
});

test("a part must lie within one kind: reserved cpus do not stand in for free ones (M-32)", () => {
  const reserved: Resource = {
    ...scalar("cpus", 4_000),
    reservations: [{ type: "static", role: "a" }],
  };
  expect(contains([reserved], [scalar("cpus", 1_000)])).toBe(false);
  expect(contains([reserved], [{ ...reserved, ...scalar("cpus", 1_000) }])).toBe(true);
});

test("different labels never merge (M-32)", () => {
  const labelled = (value: string): Resource => ({
    ...scalar("cpus", 1_000),
    reservations: [{ type: "dynamic", role: "a", labels: [{ key: "k", value }] }],
  });
  expect(canonical([labelled("1"), labelled("2")])).toHaveLength(2);
  expect(canonical([labelled("1"), labelled("1")])).toHaveLength(1);
});

test("the order in which members were written does not make a kind", () => {
  const volume = { containerPath: "data", mode: "RW" } as const;
  const one: Resource = { ...scalar("disk", 1), disk: { persistence: { id: "v" }, volume } };
  const two: Resource = { ...scalar("disk", 1), disk: { volume, persistence: { id: "v" } } };
  expect(kindOf(one)).toBe(kindOf(two));
});

test("amounts by name go over all kinds of that name", () => {
  const list = canonical([
    scalar("cpus", 1_500),
    { ...scalar("cpus", 500), isRevocable: true },
    ranges("ports", [{ begin: 1, end: 2 }]),
    {
      ...ranges("ports", [{ begin: 3, end: 4 }]),
      reservations: [{ type: "static", role: "a" }],
    },
  ]);
  expect(scalarMilli(list, "cpus")).toBe(2_000);
  expect(scalarMilli(list, "ports")).toBe(0);
  expect(rangesOf(list, "ports")).toEqual([{ begin: 1, end: 4 }]);
  expect(rangesOf(list, "cpus")).toEqual([]);
});

test.each<[resource: Resource, text: string]>([
  [scalar("cpus", 1_500), "cpus:1.5"],
  [scalar("mem", 8_192_000), "mem:8192"],
  [scalar("cpus", 1), "cpus:0.001"],
  [
    ranges("ports", [
      { begin: 31_000, end: 31_009 },
      { begin: 5, end: 5 },
    ]),
    "ports:[5-5,31000-31009]",
  ],
  [{ name: "s", value: { type: "set", items: ["a", "b"] } }, "s:{a,b}"],
  [{ ...scalar("cpus", 4_000), reservations: [{ type: "static", role: "eng" }] }, "cpus(eng):4"],
  // Else "more than the disk(eng):512 left" is said of a volume where there is as much plain disk.
  [
    {
      ...scalar("disk", 512_000),
      reservations: [{ type: "dynamic", role: "eng" }],
      disk: { persistence: { id: "db-1" } },
    },
    "disk(eng)[db-1]:512",
  ],
])("%o is written %s", (resource, text) => {
  expect(formatResource(resource)).toBe(text);
});

test("half a thousandth is a bug", () => {
  expect(() => scalar("cpus", 0.5)).toThrow(/whole number of thousandths/);
});

/** Of each picked entry about a half. */
function partOf(all: Resources, picks: readonly boolean[]): Resources {
  return canonical(
    all
      .filter((_, index) => picks[index % picks.length])
      .map((resource) => {
        const { value } = resource;
        if (value.type === "scalar")
          return { ...resource, value: { ...value, milli: Math.floor(value.milli / 2) } };
        if (value.type === "set")
          return { ...resource, value: { ...value, items: value.items.slice(1) } };
        return {
          ...resource,
          value: {
            ...value,
            ranges: value.ranges.map(({ begin, end }) => ({
              begin: begin + Math.floor((end - begin) / 2),
              end,
            })),
          },
        };
      }),
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}

test.each<[given: Resource, canonicalText: string]>([
  [portsAsWritten([5, 9], [1, 2], [3, 3]), "ports:[1-3,5-9]"],
  [portsAsWritten([1, 4], [2, 3]), "ports:[1-4]"],
  [{ name: "s", value: { type: "set", items: ["b", "a", "b"] } }, "s:{a,b}"],
])("%j, as a peer may write it, is %s", (given, text) => {
  expect(formatResources(canonical([given]))).toBe(text);
  expect(formatResources(canonical([given, scalar("zeta", 1_000)]))).toBe(`${text}; zeta:1`);
});

function portsAsWritten(...list: readonly (readonly [number, number])[]): Resource {
  const value = { type: "ranges", ranges: list.map(([begin, end]) => ({ begin, end })) } as const;
  return { name: "ports", value };
}
