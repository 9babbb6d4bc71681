import type { Attribute } from "@bourse/model/agent";
import type {
  AttributeConstraint,
  ConstraintPredicate,
  ConstraintSelector,
  RoleConstraints,
} from "@bourse/model/constraints";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, test } from "vitest";
import {
  type CompiledRole,
  type ConstrainedAgent,
  compileConstraints,
  compileRole,
  failedConstraints,
  formatConstraint,
  mayTakeAgent,
} from "./constraints.ts";

const RACK: ConstraintSelector = { type: "attribute", name: "rack" };
const text = (value: string): Attribute["value"] => ({ type: "text", text: value });
const rack = (...values: readonly Attribute["value"][]): ConstrainedAgent => ({
  hostname: "h1",
  attributes: [
    { name: "other", value: text("x") },
    ...values.map((value) => ({ name: "rack", value })),
  ],
});

function compiled(...groups: RoleConstraints): CompiledRole {
  const role = compileRole(groups);
  if (typeof role === "string") throw new Error(role);
  return role;
}

function one(selector: ConstraintSelector, predicate: ConstraintPredicate): CompiledRole {
  return compiled([{ selector, predicate }]);
}

function reasonFor(groups: RoleConstraints): string {
  const compilation = compileConstraints(new Map([["eng", groups]]));
  return compilation.kind === "invalid" ? compilation.reason : "";
}

function matching(pattern: string): AttributeConstraint {
  return { selector: RACK, predicate: { type: "text-matches", pattern } };
}

describe("a predicate on an attribute (M-38, as Mesos' offer_constraints_filter.cpp)", () => {
  const R1 = rack(text("r1"));
  const R2 = rack(text("r2"));
  const NUMBER = rack({ type: "scalar", milli: 1000 });
  const RANGE = rack({ type: "ranges", ranges: [{ begin: 1, end: 2 }] });
  const NONE = rack();
  const ALL: readonly (readonly [string, ConstrainedAgent])[] = [
    ["r1", R1],
    ["r2", R2],
    ["number", NUMBER],
    ["range", RANGE],
    ["none", NONE],
  ];
  test.each<[ConstraintPredicate, taken: string]>([
    [{ type: "exists" }, "r1 r2 number range"],
    [{ type: "not-exists" }, "none"],
    [{ type: "text-equals", value: "r1" }, "r1 number range"],
    [{ type: "text-not-equals", value: "r1" }, "r2 number range none"],
    [{ type: "text-matches", pattern: "[a-r]1" }, "r1 number range"],
    [{ type: "text-not-matches", pattern: "[a-r]1" }, "r2 number range none"],
    // The whole text, as RE2::FullMatch: part of it is not enough.
    [{ type: "text-matches", pattern: "r" }, "number range"],
    [{ type: "text-matches", pattern: "r|r2" }, "r2 number range"],
    [{ type: "text-not-matches", pattern: "" }, "r1 r2 number range none"],
  ])("%j takes %s", (predicate, taken) => {
    const role = one(RACK, predicate);
    const names = ALL.filter(([, agent]) => mayTakeAgent(role, agent)).map(([name]) => name);
    expect(names.join(" ")).toBe(taken);
  });

  test("only the first attribute of a name counts", () => {
    const role = one(RACK, { type: "text-equals", value: "r2" });
    expect(mayTakeAgent(role, rack(text("r1"), text("r2")))).toBe(false);
    expect(mayTakeAgent(role, rack(text("r2"), text("r1")))).toBe(true);
  });
});

describe("what is not an attribute", () => {
  const bare: ConstrainedAgent = { hostname: "h1", attributes: [] };
  const placed = { ...bare, domain: { region: "eu", zone: "eu-1" } };
  test.each<[ConstraintSelector["type"] & ("hostname" | "region" | "zone"), string]>([
    ["hostname", "h1"],
    ["region", "eu"],
    ["zone", "eu-1"],
  ])("%s is compared as text", (type, value) => {
    expect(mayTakeAgent(one({ type }, { type: "text-equals", value }), placed)).toBe(true);
    expect(mayTakeAgent(one({ type }, { type: "text-not-equals", value }), placed)).toBe(false);
  });

  test.each(["region", "zone"] as const)("without a domain there is no %s", (type) => {
    const takes = (predicate: ConstraintPredicate): boolean =>
      mayTakeAgent(one({ type }, predicate), bare);
    expect(takes({ type: "exists" })).toBe(false);
    expect(takes({ type: "not-exists" })).toBe(true);
    expect(takes({ type: "text-equals", value: "eu" })).toBe(false);
    expect(takes({ type: "text-not-matches", pattern: ".*" })).toBe(true);
  });

  test("an attribute that is called hostname is not the hostname", () => {
    const role = one(
      { type: "attribute", name: "hostname" },
      { type: "text-equals", value: "other" },
    );
    const agent = { ...bare, attributes: [{ name: "hostname", value: text("other") }] };
    expect(mayTakeAgent(role, agent)).toBe(true);
  });
});

test("any group is enough, and in a group everything counts", () => {
  const a: AttributeConstraint = { selector: RACK, predicate: { type: "exists" } };
  const b: AttributeConstraint = {
    selector: { type: "hostname" },
    predicate: { type: "text-equals", value: "h2" },
  };
  expect(mayTakeAgent(compiled([a, b]), rack(text("r1")))).toBe(false);
  expect(mayTakeAgent(compiled([a, b], [a]), rack(text("r1")))).toBe(true);
  expect(failedConstraints(compiled([a, b], [b], [a]), rack(text("r1")))).toEqual([[b], [b], []]);
});

describe("what is invalid", () => {
  test.each<[why: string, groups: RoleConstraints, said: RegExp]>([
    ["a role without groups", [], /role eng: there is no group/],
    ["a group without constraints", [[matching("a")], []], /a group has no constraints/],
    ["a broken expression", [[matching("[a-d")]], /rack~\[a-d: .*missing closing \]/],
    ["a look-ahead, which is not linear", [[matching("(?=a)b")]], /unsupported Perl syntax/],
    ["a back reference, which is not linear", [[matching("(a)\\1")]], /invalid escape/],
    ["a program of 202 instructions", [[matching("(a+){50}")]], /202 instructions, more than 100/],
    ["a huge repetition", [[matching("a{1001}")]], /invalid repeat count/],
    ["a long pattern", [[matching(`${"a|".repeat(128)}a`)]], /257 characters, more than 256/],
    ["a literal of 99 characters", [[matching("x".repeat(99))]], /101 instructions/],
    ["many groups", Array.from({ length: 33 }, () => [matching("a")]), /33 groups/],
    ["many constraints", [Array.from({ length: 33 }, () => matching("a"))], /33 constraints/],
    [
      "an attribute without a name",
      [[{ selector: { type: "attribute", name: "" }, predicate: { type: "exists" } }]],
      /no name/,
    ],
  ])("%s", (_why, groups, said) => expect(reasonFor(groups)).toMatch(said));

  test.each<[what: string, groups: RoleConstraints]>([
    ["a program of 42 instructions", [[matching("(a+){10}")]]],
    [
      "a literal of 98 characters, whose program has 100 instructions",
      [[matching("x".repeat(98))]],
    ],
    ["a pattern of 256 characters", [[matching("a|".repeat(128))]]],
    [
      "256 regular expressions in one role",
      Array.from({ length: 8 }, () => Array.from({ length: 32 }, () => matching("a"))),
    ],
    ["32 groups", Array.from({ length: 32 }, () => [matching("a")])],
    ["32 constraints in a group", [Array.from({ length: 32 }, () => matching("a"))]],
  ])("%s is valid", (_what, groups) => expect(reasonFor(groups)).toBe(""));

  test("a framework has 256 regular expressions in all", () => {
    const group = Array.from({ length: 32 }, () => matching("a"));
    const roles = (count: number) =>
      compileConstraints(
        new Map(Array.from({ length: count }, (_, index) => [`r${index}`, [group, group]])),
      );
    expect(roles(4).kind).toBe("compiled");
    expect(roles(5)).toEqual({
      kind: "invalid",
      reason: expect.stringMatching(/320 regular expressions are more than 256/),
    });
    expect(reasonFor(Array.from({ length: 9 }, () => group))).toMatch(/288 regular expressions/);
  });

  test("one invalid role makes all of them invalid: the whole call fails", () => {
    const constraints = new Map([
      ["a", [[matching("a")]]],
      ["b", []],
    ]);
    expect(compileConstraints(constraints).kind).toBe("invalid");
  });
});

/** Patterns on which an engine that tries one way after the other takes for ever. */
const EVIL: readonly (readonly [pattern: string, unit: string])[] = [
  ["(x+x+)+y", "x"],
  ["(a|a)*b", "a"],
  ["(a|aa)+$b", "a"],
  ["(a*)*b", "a"],
  ["(.*)(.*)(.*)(.*)z", "é"],
  ["(\\w+\\s?)*!", "a "],
  ["(a|b)*a(a|b){14}", "ab"],
];

describe("evaluation is linear in the text", () => {
  test.each(EVIL)("%s", (pattern, unit) => {
    // Ten times the text reads at most ten times as many characters (and a few at its ends).
    const steps = [1_000, 10_000].map((count) => readsOf(pattern, unit.repeat(count)));
    expect(steps[1]).toBeLessThanOrEqual(10 * steps[0]! + 100);
    expect(steps[1]).toBeLessThanOrEqual(4 * 10_000 * unit.length + 100);
  });

  test("a negation holds for exactly the texts for which the test does not", () => {
    const pattern = fc.constantFrom(...EVIL.map(([evil]) => evil), "[ab]+", "a?b*", ".", "");
    const value = fc.string({
      unit: fc.constantFrom("a", "b", "x", "y", "z", "\n"),
      maxLength: 12,
    });
    fc.assert(
      fc.property(pattern, value, (expression, given) => {
        const agent = rack(text(given));
        const does = one(RACK, { type: "text-matches", pattern: expression });
        const doesNot = one(RACK, { type: "text-not-matches", pattern: expression });
        expect(mayTakeAgent(does, agent)).toBe(!mayTakeAgent(doesNot, agent));
        // JavaScript's own engine agrees on such short texts.
        const own = new RegExp(`^(?:${expression})$(?![^])`);
        expect(mayTakeAgent(does, agent)).toBe(own.test(given));
      }),
    );
  });
});

/** How many characters the engine looks at: it reads its input through `charCodeAt` and `codePointAt` only. */
function readsOf(pattern: string, value: string): number {
  const compiledPattern = RE2JS.compile(pattern);
  const original = String.prototype.charCodeAt;
  const originalPoint = String.prototype.codePointAt;
  let reads = 0;
  String.prototype.charCodeAt = function (this: string, at: number): number {
    reads++;
    return original.call(this, at);
  };
  String.prototype.codePointAt = function (this: string, at: number): number | undefined {
    reads++;
    return originalPoint.call(this, at);
  };
  try {
    compiledPattern.matches(value);
  } finally {
    String.prototype.charCodeAt = original;
    String.prototype.codePointAt = originalPoint;
  }
  expect(reads).toBeGreaterThanOrEqual(value.length / 2);
  return reads;
}

test("constraints are shown as the command line reads them", () => {
  const shown = [
    { type: "exists" },
    { type: "not-exists" },
    { type: "text-equals", value: "r1" },
    { type: "text-not-equals", value: "r1" },
    { type: "text-matches", pattern: "r.*" },
    { type: "text-not-matches", pattern: "r.*" },
  ] as const;
  expect(shown.map((predicate) => formatConstraint({ selector: RACK, predicate }))).toEqual([
    "rack",
    "!rack",
    "rack=r1",
    "rack!=r1",
    "rack~r.*",
    "rack!~r.*",
  ]);
  expect(
    formatConstraint({
      selector: { type: "zone" },
      predicate: { type: "text-equals", value: "z" },
    }),
  ).toBe("@zone=z");
});
