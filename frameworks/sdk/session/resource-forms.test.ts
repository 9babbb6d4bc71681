import { withoutVolume } from "@bourse/model/resource-parts";
import { type Resource, scalar } from "@bourse/model/resources";
import { expect, test } from "vitest";
import { resourcesOf } from "./amounts.ts";
import { reserved, unreserved, volume, volumesOf } from "./resource-forms.ts";

const ENG = { role: "eng", principal: "p", labels: [{ key: "k" }] };
const SUB = { role: "eng/backend" };

test("a reservation is pushed and popped, and a stack of two keeps its order (M-33)", () => {
  const plain = resourcesOf({ cpus: 1, mem: 64 });
  const once = reserved(plain, ENG);
  const twice = reserved(once, SUB);
  expect(twice.map(({ reservations }) => reservations)).toEqual([
    [
      { type: "dynamic", ...ENG },
      { type: "dynamic", ...SUB },
    ],
    [
      { type: "dynamic", ...ENG },
      { type: "dynamic", ...SUB },
    ],
  ]);
  expect(unreserved(twice)).toEqual(once);
  expect(unreserved(unreserved(twice))).toEqual(plain);
  expect(() => unreserved(plain)).toThrow("only a dynamic reservation");
});

test("a volume is made of reserved disk, source kept, and gives it back (M-68)", () => {
  const source = { type: "path", root: "/disks/1" } as const;
  const [disk] = reserved([{ ...scalar("disk", 100_000), disk: { source } }], ENG) as [Resource];
  const made = volume(disk, { id: "v1", containerPath: "data", isShared: true });
  expect(made).toEqual({
    ...disk,
    disk: {
      source,
      persistence: { id: "v1" },
      volume: { containerPath: "data", mode: "RW" },
    },
    isShared: true,
  });
  expect(withoutVolume(made)).toEqual(disk);
  expect([...volumesOf([disk, made])]).toEqual([["v1", made]]);
});
