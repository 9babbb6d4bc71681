import { expect, test } from "vitest";
import { resourcesOf } from "./amounts.ts";

test("amounts are exact resources by name; what is 0 is left out (DESIGN D9)", () => {
  expect(resourcesOf({ mem: 512, cpus: 0.125, disk: 0 })).toEqual([
    { name: "cpus", value: { type: "scalar", milli: 125 } },
    { name: "mem", value: { type: "scalar", milli: 512_000 } },
  ]);
});

test.each([-1, 0.0001, Number.NaN, Number.POSITIVE_INFINITY, 1e300])(
  "%d cpus are refused as an invalid call, with what to do (K-12)",
  (cpus) => {
    expect(() => resourcesOf({ cpus })).toThrow(
      expect.objectContaining({
        name: "ClusterError",
        code: "invalid_call",
        message: `cpus must be at least 0 with at most three decimals, not ${cpus}`,
        hint: expect.stringContaining("0.5"),
      }),
    );
  },
);
