import fc from "fast-check";
import { expect, test } from "vitest";
import { exitText } from "./exit-text.ts";
import { directoryName } from "./sandbox.ts";

test("any id becomes the name of a directory of its own, and nothing else", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(directoryName(one)).toMatch(/^[A-Za-z0-9_-]{1,150}$/);
      expect(directoryName(one) === directoryName(other)).toBe(one === other);
    }),
  );
});

test.each<[exitCode: number, text: string | undefined]>([
  [0, undefined],
  [127, undefined],
  [137, "exit code 137 (128 + SIGKILL)"],
  [143, "exit code 143 (128 + SIGTERM)"],
  [255, undefined],
])("exit code %i reads %s", (exitCode, text) => expect(exitText(exitCode)).toBe(text));
