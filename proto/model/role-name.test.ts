import { expect, test } from "vitest";
import { roleNameProblem } from "./role-name.ts";

test.each(["*", "ads", "eng/backend", "a.b_c-d", "日本"])("%s is a role (M-29)", (role) => {
  expect(roleNameProblem(role)).toBeUndefined();
});

test.each([
  "",
  ".",
  "a/..",
  "-x",
  "a/-x",
  "a b",
  "a\tb",
  "a\bb",
  "/a",
  "a/",
  "a//b",
  "a/*",
  "x".repeat(256),
])("%j is no role (M-29)", (role) => expect(roleNameProblem(role)).toMatch(/role/));
