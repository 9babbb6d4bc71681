import { type Resources, scalar } from "@bourse/model/resources";
import { describe, expect, test } from "vitest";
import { checkedResources, identifierProblem } from "./task-validation.ts";

describe("ids are one component of a path", () => {
  test.each<[id: string, problem: string | null]>([
    ["web.1", null],
    ["..a", null],
    ["é", null],
    ["", "is empty"],
    [".", 'is "."'],
    ["..", 'is ".."'],
    ["a/b", "contains a slash"],
    ["a\\b", "contains a slash"],
    ["a\nb", "contains a control character"],
    ["a\u007fb", "contains a control character"],
    ["a".repeat(255), null],
    ["a".repeat(256), "is longer than 255 characters"],
  ])("%j: %s", (id, problem) => expect(identifierProblem(id)).toBe(problem));
});

describe("resources of a peer are checked before they are added up", () => {
  test("several of one kind are one", () => {
    expect(checkedResources([scalar("cpus", 500), scalar("cpus", 500)])).toEqual([
      scalar("cpus", 1000),
    ]);
  });

  test.each<[what: string, resources: Resources, problem: RegExp]>([
    ["negative", [scalar("cpus", -1)], /amount of cpus/],
    ["not whole", [{ name: "cpus", value: { type: "scalar", milli: 0.5 } }], /amount of cpus/],
    ["nothing", [{ name: "cpus", value: { type: "scalar", milli: Number.NaN } }], /amount of cpus/],
    ["without a name", [scalar("", 1)], /no name/],
    [
      "backwards",
      [{ name: "ports", value: { type: "ranges", ranges: [{ begin: 2, end: 1 }] } }],
      /range of ports/,
    ],
    [
      "before zero",
      [{ name: "ports", value: { type: "ranges", ranges: [{ begin: -1, end: 1 }] } }],
      /range of ports/,
    ],
  ])("%s", (_, resources, problem) => expect(checkedResources(resources)).toMatch(problem));
});
