import { expect, test } from "vitest";
import { type FakeStep, parseProgram } from "./fake-program.ts";

test.each<[text: string, steps: readonly FakeStep[]]>([
  ["sleep 1.5", [{ kind: "sleep", durationMs: 1_500 }]],
  ["echo $A > $A/f", [{ kind: "save", path: "1/f", text: "1\n" }]],
  ["cat $A/f", [{ kind: "show", path: "1/f" }]],
  ["sleep soon", [{ kind: "exit", exitCode: 1 }]],
  ["exit 256", [{ kind: "exit", exitCode: 0 }]],
  ["echo $A $B >&2", [{ kind: "write", stream: "stderr", text: "1 \n" }]],
  ["trap '' TERM; cat", [{ kind: "ignore-sigterm" }, { kind: "copy" }]],
  ["/usr/sbin/nginx -g x", [{ kind: "run-on" }]],
  ["", []],
])("%s", (text, steps) => expect(parseProgram(text, new Map([["A", "1"]]))).toEqual(steps));
