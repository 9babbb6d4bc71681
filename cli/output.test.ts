import { canonical, ranges, scalar } from "@bourse/model/resources";
import { describe, expect, test } from "vitest";
import { contextOf } from "./context.ts";
import { renderEvent } from "./events.ts";
import { only } from "./lookup.ts";
import { age, memOf, plain, printable, renderList } from "./output.ts";

const rows = [
  { id: "a1", count: 5 },
  { id: "a22", count: 10 },
];
const columns = [
  { title: "ID", value: (row: (typeof rows)[number]) => row.id },
  {
    title: "COUNT",
    value: (row: (typeof rows)[number]) => String(row.count),
    align: "right" as const,
  },
];

describe("a list", () => {
  test("is a table with columns as wide as their widest cell", () => {
    expect(renderList(contextOf({}), rows, columns, (row) => row.id)).toBe(
      "ID   COUNT\na1       5\na22     10\n",
    );
  });

  test("is ids only with -q, whatever the format", () => {
    expect(
      renderList(contextOf({ quiet: true, output: "json" }), rows, columns, (row) => row.id),
    ).toBe("a1\na22\n");
  });

  test("is the data whole as JSON and YAML", () => {
    const json = renderList(contextOf({ output: "json" }), rows, columns, (row) => row.id);
    expect(JSON.parse(json)).toEqual(rows);
    expect(renderList(contextOf({ output: "yaml" }), rows, columns, (row) => row.id)).toBe(
      "- id: a1\n  count: 5\n- id: a22\n  count: 10\n",
    );
  });
});

test("resources read as users write them", () => {
  const resources = canonical([
    scalar("cpus", 1_500),
    ranges("ports", [{ begin: 1, end: 3 }]),
    { ...scalar("mem", 64_000), reservations: [{ type: "static", role: "eng" }] },
  ]);
  expect(plain({ resources })).toEqual({ resources: { cpus: 1.5, ports: "1-3", "mem(eng)": 64 } });
});

test("no resources are an object like others, so that scripts may ask for .cpus; other lists stay lists", () => {
  const quota = { guarantees: [], limits: [] };
  const role = { consumed: [], allocated: [], reserved: [], frameworkIds: [], quota };
  expect(plain([role])).toEqual([
    {
      consumed: {},
      allocated: {},
      reserved: {},
      frameworkIds: [],
      quota: { guarantees: {}, limits: {} },
    },
  ]);
  // The limits of a role that is explained are a list of who limits what.
  expect(plain({ role: "eng", limits: [], shortfalls: [] })).toEqual({
    role: "eng",
    limits: [],
    shortfalls: {},
  });
});

test("bytes are base64, empty ones and undefined are left out, maps are objects", () => {
  const data = { a: Uint8Array.of(1), b: new Uint8Array(0), c: undefined, d: new Map([["k", 1]]) };
  expect(plain(data)).toEqual({ a: "AQ==", d: { k: 1 } });
});

test("a peer's control characters do not reach the terminal", () => {
  expect(printable("a\x1b[31mb\nc")).toBe("a [31mb c");
});

test.each([
  [0, "0s"],
  [119_999, "119s"],
  [120_000, "2m"],
  [7_200_000, "2h"],
  [172_800_000, "2d"],
  [-5, "0s"],
])("%i ms ago reads %s", (ms, text) => expect(age(0, ms)).toBe(text));

test.each([
  [512, "512M"],
  [10_240, "10.0G"],
])("%i MiB read %s", (mib, text) => expect(memOf([scalar("mem", mib * 1000)])).toBe(text));

describe("an id may be shortened as long as it stays unique (FEATURES C-2)", () => {
  const items = [
    { id: "m1-S0", name: "alpha" },
    { id: "m1-S1", name: "beta" },
    { id: "m1-S10", name: "beta" },
  ];
  const find = (text: string) =>
    only(
      "agent",
      text,
      items,
      (item) => item.id,
      (item) => item.name,
    );

  test.each([
    ["m1-S1", "m1-S1"],
    ["S0", "m1-S0"],
    ["alpha", "m1-S0"],
  ])("%s is %s", (text, id) => expect(find(text).id).toBe(id));

  test("an ambiguous one lists the candidates", () => {
    expect(() => find("m1")).toThrowError(/m1-S0, m1-S1, m1-S10/);
    expect(() => find("beta")).toThrowError(/m1-S1, m1-S10/);
  });

  test("an unknown one says how to list them", () => {
    expect(() => find("x")).toThrowError(
      expect.objectContaining({
        code: "not_found",
        hint: expect.stringContaining("bourse agent ls"),
      }),
    );
  });
});

describe("text of others on a terminal", () => {
  test("control characters, turned directions and hidden characters become blanks", () => {
    expect(printable("a\u001b[31mb\n\u202ec\u200bd\u2028")).toBe("a [31mb  c d ");
    expect(printable("größe 数 é")).toBe("größe 数 é");
  });

  test("a table never prints what a cell may hold of them", () => {
    const context = contextOf({});
    const columns = [{ title: "NAME", value: (row: string) => row }];
    expect(renderList(context, ["x\u001b[2Jy"], columns, (row) => row)).toBe("NAME\nx [2Jy\n");
  });
});

describe("events for machines", () => {
  const event = {
    epoch: 1,
    sequence: 7,
    wallMs: 0,
    change: { kind: "task-removed", frameworkId: "f1", taskId: "t1" },
  } as const;

  test("are one JSON object a line, one YAML document each, or with -q their position", () => {
    const text = (flags: object) => renderEvent(contextOf(flags), event);
    expect(JSON.parse(text({ output: "json" }))).toEqual(event);
    expect(text({ output: "json" })).toMatch(/^[^\n]+\n$/);
    expect(text({ output: "yaml" })).toMatch(/^---\nepoch: 1\nsequence: 7\n/);
    expect(text({ quiet: true })).toBe("1.7\n");
  });
});
