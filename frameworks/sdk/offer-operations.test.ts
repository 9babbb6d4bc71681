import { equal, type Resource, type Resources, scalar } from "@bourse/model/resources";
import { describe, expect, test } from "vitest";
import { reserved, resourcesOf, volume } from "./index.ts";
import {
  createVolume,
  destroyVolume,
  growVolume,
  type ReshapeOperation,
  reserve,
  resolveOperation,
  shrinkVolume,
  unreserve,
} from "./offer-operations.ts";

const plain = resourcesOf({ cpus: 1, disk: 100 });
const disk = (mib: number): Resource => {
  const [resource] = reserved([scalar("disk", mib * 1_000)], { role: "db" });
  return resource as Resource;
};
const v1 = (mib: number) => volume(disk(mib), { id: "v1", containerPath: "data" });

describe("what an operation makes of an offer (M-17, M-68)", () => {
  test.each<[string, ReshapeOperation, offered: Resources, rest: Resources]>([
    [
      "reserve",
      reserve({ disk: 60 }),
      plain,
      [scalar("cpus", 1_000), scalar("disk", 40_000), disk(60)],
    ],
    ["unreserve", unreserve({ disk: 60 }), [disk(60)], resourcesOf({ disk: 60 })],
    [
      "create",
      createVolume({ id: "v1", disk: 20, containerPath: "data" }),
      [disk(60)],
      [disk(40), v1(20)],
    ],
    ["destroy", destroyVolume("v1"), [v1(20), disk(1)], [disk(21)]],
    ["grow-volume", growVolume("v1", 5), [v1(20), disk(6)], [v1(25), disk(1)]],
    ["shrink-volume", shrinkVolume("v1", 5), [v1(20)], [v1(15), disk(5)]],
  ])("%s", (kind, asked, offered, expected) => {
    const { operation, rest } = resolveOperation({ ...asked, operationId: "o1" }, offered, "db");
    expect(operation).toMatchObject({ kind, operationId: "o1" });
    expect(equal(rest, expected)).toBe(true);
  });

  test.each<[string, ReshapeOperation, offered: Resources, message: string]>([
    [
      "more than is unreserved",
      reserve({ disk: 60 }),
      [disk(60)],
      "cannot reserve: disk:60 wanted, nothing there",
    ],
    ["nothing", reserve({}), plain, "cannot reserve: nothing wanted"],
    [
      "what another role holds",
      unreserve({ disk: 1 }),
      reserved(plain, { role: "ops" }),
      "cannot unreserve",
    ],
    [
      "a volume of disk that is not reserved",
      createVolume({ id: "v1", disk: 20, containerPath: "data" }),
      plain,
      "cannot create: 20 MiB of disk that is reserved for role db wanted",
    ],
    [
      "a volume that is not there",
      destroyVolume("v2"),
      [v1(20)],
      "cannot destroy: volume v2 wanted",
    ],
    [
      "more than there is to grow by",
      growVolume("v1", 7),
      [v1(20), disk(6)],
      "cannot grow-volume: 7 MiB",
    ],
    ["a volume smaller than nothing", shrinkVolume("v1", 20), [v1(20)], "cannot shrink-volume"],
  ])("%s is refused with what is there", (_what, asked, offered, message) => {
    expect(() => resolveOperation(asked, offered, "db")).toThrow(message);
  });
});
