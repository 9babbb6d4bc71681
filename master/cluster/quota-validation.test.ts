import { describe, expect, test } from "vitest";
import { quotaProblem } from "./quota-validation.ts";
import { quotaOf } from "./testing/builders.ts";

function problemOf(words: string, old = ""): string | null {
  const quotasOf = (text: string) => (text === "" ? [] : text.split(" ").map(quotaOf));
  return quotaProblem(quotasOf(words), quotasOf(old));
}

describe("quotas that fit together (M-31, F-03)", () => {
  test.each<[words: string, old?: string]>([
    ["eng:cpus=2/2"],
    ["eng:cpus=2"],
    ["eng:cpus=/2"],
    ["eng:"],
    ["eng:cpus=3/5 eng/a:cpus=1/1 eng/b:cpus=2/9"], // The limit of a child may be wider: its ancestors' hold too.
    ["eng/a/b:cpus=/1"], // A limit needs nothing above it.
    ["eng/a:cpus=1", "eng:cpus=1"],
    ["eng:cpus=1 eng/a:cpus=1"],
    ["eng: eng/a:", "eng:cpus=1 eng/a:cpus=1"],
    ["eng:cpus=1 engine/a:cpus=/1"],
  ])("%s after %s", (words, old) => expect(problemOf(words, old)).toBeNull());
});

describe("quotas that do not", () => {
  test.each<[words: string, old: string, problem: string]>([
    ["eng:cpus=2/1", "", "role eng would be guaranteed 2 cpus, but role eng may use at most 1"],
    [
      "eng:cpus=2/2 eng/a:cpus=2/1",
      "",
      "role eng/a would be guaranteed 2 cpus, but role eng/a may use at most 1",
    ],
    [
      "eng:cpus=/1",
      "eng:cpus=2 eng/a:cpus=2",
      "role eng/a would be guaranteed 2 cpus, but role eng may use at most 1",
    ],
    [
      "eng:",
      "eng:cpus=2 eng/a:cpus=2",
      "the roles below eng would be guaranteed 2 cpus, more than the 0 of eng itself",
    ],
    [
      "eng/a/b:cpus=1",
      "eng:cpus=2",
      "the roles below eng/a would be guaranteed 1 cpus, more than the 0 of eng/a itself",
    ],
    [
      "eng/b:cpus=1",
      "eng:cpus=2 eng/a:cpus=1.5",
      "the roles below eng would be guaranteed 2.5 cpus, more than the 2 of eng itself",
    ],
    [
      "eng:mem=1 eng/b:cpus=1",
      "",
      "the roles below eng would be guaranteed 1 cpus, more than the 0 of eng itself",
    ],
    ["*:cpus=1", "", "role * is everybody's and cannot have a quota"],
    [
      "a//b:cpus=1",
      "",
      'role "a//b" is not valid: a role must not begin or end with / nor have an empty part',
    ],
    ["eng:cpus=1,cpus=2", "", "cpus of role eng is named twice"],
    [
      "eng:cpus=/-1",
      "",
      "the amount of cpus of role eng is not a whole number of thousandths from 0",
    ],
    ["eng:ports=1", "", "quota is on amounts, and ports of role eng have none"],
    ["eng:=1", "", '"" of role eng is not the name of a resource'],
    ["eng:cpus=1 eng:mem=1", "", "role eng is named twice"],
  ])("%s after %s", (words, old, problem) => {
    expect(problemOf(words, old)).toBe(problem);
  });
});
