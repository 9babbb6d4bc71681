import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DAEMON_FLAGS } from "./daemon-flags.ts";

test("a daemon that a shell starts runs with the same flags as one that we start", () => {
  const [first] = readFileSync(new URL("./bin/bourse.js", import.meta.url), "utf8").split("\n");
  expect(first).toBe(`#!/usr/bin/env -S node ${DAEMON_FLAGS.join(" ")}`);
});
