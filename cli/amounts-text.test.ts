import { describe, expect, test } from "vitest";
import { formatAmounts, parseAmounts } from "./amounts-text.ts";

describe("amounts of a quota (M-31)", () => {
  test.each<[text: string, formatted: string]>([
    ["cpus:10", "cpus:10"],
    ["mem:1024;cpus:0.5", "cpus:0.5;mem:1024"],
    [" cpus : 1 ; ", "cpus:1"],
    ["cpus:0", "cpus:0"],
    ["none", "-"],
  ])("%j is %s", (text, formatted) => {
    expect(formatAmounts(parseAmounts(text, "--limit"))).toBe(formatted);
  });

  test.each<[text: string, said: string]>([
    ["", '--limit "" names nothing'],
    [";", "names nothing"],
    ["cpus", '--limit "cpus" is not written name:value'],
    ["cpus:many", "must be a number"],
    ["cpus:-1", "must be a number"],
    ["cpus:1;cpus:2", "--limit names cpus twice"],
    ["ports:[1-2]", "ports are ranges"],
    ["cpus(eng):1", "is not written name:value"],
    ["cpus:99999999999", "above 1000000000"],
  ])("%j is refused", (text, said) => {
    expect(() => parseAmounts(text, "--limit")).toThrow(said);
  });
});
