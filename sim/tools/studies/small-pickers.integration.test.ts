import { expect, test } from "vitest";
import { runSmallPickers } from "./small-pickers.ts";

test("DRF never serves the framework with the highest share while small ones that refuse nothing sit on offers (T-6)", () => {
  const manners = "thinks 0.5 s, refuses nothing";
  expect(runSmallPickers({ sorter: "drf", manners })).toMatchObject({ placed: 0, violations: 0 });
  const random = runSmallPickers({ sorter: "random", manners });
  expect(random).toMatchObject({ placed: 40, violations: 0 });
  expect(random.lastSeconds).toBeLessThan(60);
});

test("frameworks that suppress when they are idle starve nobody (K-11)", () => {
  const result = runSmallPickers({ sorter: "drf", manners: "suppresses" });
  expect(result.placed).toBe(40);
  expect(result.lastSeconds).toBeLessThanOrEqual(3);
});
