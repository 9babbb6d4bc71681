import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fileName, volumePath } from "./volume-path.ts";

describe("where a volume is (M-68, M-69)", () => {
  test.each([
    ["on the agent's own disk", {}, "/w/volumes/roles/eng%2fbackend/v.1"],
    [
      "on a disk that is a directory",
      { disk: { type: "path", root: "/disks/1" } },
      "/disks/1/volumes/roles/eng%2fbackend/v.1",
    ],
    [
      "on a disk whose root is relative",
      { disk: { type: "path", root: "d" } },
      "/w/d/volumes/roles/eng%2fbackend/v.1",
    ],
    ["on a disk of its own", { disk: { type: "mount", root: "/disks/2" } }, "/disks/2"],
  ] as const)("%s", (_what, over, path) => {
    expect(volumePath("/w", { role: "eng/backend", id: "v.1", ...over })).toBe(path);
  });
});

test.each([
  ["..", "%2e."],
  [".", "%2e"],
  ["../../etc", "%2e.%2f..%2fetc"],
  ["%2e", "%252e"],
  ["a b~ü", "a%20b%7e%c3%bc"],
])("an id of %j becomes the name %j", (id, name) => expect(fileName(id)).toBe(name));

test("different ids have different names that a file system takes", () => {
  const anyId = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.string({ minLength: 150, maxLength: 400 }),
  );
  fc.assert(
    fc.property(anyId, anyId, (left, right) => {
      expect(fileName(left)).toMatch(/^[A-Za-z0-9_%-][A-Za-z0-9_.%~-]{0,254}$/);
      expect(fileName(left) === fileName(right)).toBe(left === right);
    }),
  );
});
