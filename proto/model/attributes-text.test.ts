import { expect, test } from "vitest";
import { parseAttributes } from "./attributes-text.ts";

test("a number is a scalar, brackets are ranges, all else is text (M-36)", () => {
  expect(parseAttributes("rack:r1; zone:a:b ;level:3;low:-0.5;ports:[5-6,1-2];v:1.2.3;")).toEqual([
    { name: "rack", value: { type: "text", text: "r1" } },
    { name: "zone", value: { type: "text", text: "a:b" } },
    { name: "level", value: { type: "scalar", milli: 3000 } },
    { name: "low", value: { type: "scalar", milli: -500 } },
    {
      name: "ports",
      value: {
        type: "ranges",
        ranges: [
          { begin: 1, end: 2 },
          { begin: 5, end: 6 },
        ],
      },
    },
    { name: "v", value: { type: "text", text: "1.2.3" } },
  ]);
});

test("the same name may come twice", () => {
  expect(parseAttributes("rack:a;rack:b").map(({ name }) => name)).toEqual(["rack", "rack"]);
});

test.each<[text: string, why: string]>([
  ["rack", "attributes: entry 1 `rack`: an entry is written name:value"],
  ["a:1;:x", "entry 2"],
  ["rack:", "the value is missing"],
  ["p:[1-", "ranges end with ]"],
  ["p:[2-1]", "ends before it begins"],
  [`t:${"x".repeat(257)}`, "at most 256 characters"],
  ["t:a\u0007", "control characters"],
  ["a:1;".repeat(20_000), "at most 65536 characters"],
])("%.40s is refused: %s", (text, why) => {
  expect(() => parseAttributes(text)).toThrow(
    expect.objectContaining({ code: "invalid_call", message: expect.stringContaining(why) }),
  );
});
