import { formatResources } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { expect, test } from "vitest";
import { measureMachine, offeredResources } from "./detect-resources.ts";

const GIB = 1_024 ** 3;

test.each([
  ["a big machine keeps 1 GiB and 5 GiB back", 16, 100, "mem:15360", "disk:97280"],
  ["a small one half", 1, 8, "mem:512", "disk:4096"],
])("M-35: %s", (_what, memGib, diskGib, mem, disk) => {
  const machine = { cpuCount: 8, memBytes: memGib * GIB, diskBytes: diskGib * GIB };
  const offered = formatResources(offeredResources(machine, []));
  expect(offered).toBe(`cpus:8; ${disk}; ${mem}; ports:[31000-32000]`);
});

test("what the operator names replaces what was detected, by name", () => {
  const machine = { cpuCount: 8, memBytes: 16 * GIB, diskBytes: 100 * GIB };
  const named = parseResources("cpus:2;cpus(ads):1;ports:[9000-9001]");
  expect(formatResources(offeredResources(machine, named))).toBe(
    "cpus:2; cpus(ads):1; disk:97280; mem:15360; ports:[9000-9001]",
  );
});

test("a machine has something, also where the work directory is yet to be made", async () => {
  const machine = await measureMachine("/tmp/not/there/yet");
  expect(Math.min(machine.cpuCount, machine.memBytes, machine.diskBytes)).toBeGreaterThan(0);
});
