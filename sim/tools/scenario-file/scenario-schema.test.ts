import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { scenarioSchema, schemaProblems } from "./scenario-schema.ts";

const published = fileURLToPath(new URL("../../scenarios/scenario.schema.json", import.meta.url));

test("the schema that is published is the one that validates; REWRITE=1 writes it, biome formats it", () => {
  const schema = JSON.parse(JSON.stringify(scenarioSchema()));
  if (process.env.REWRITE === "1") writeFileSync(published, JSON.stringify(schema, null, 2));
  expect(JSON.parse(readFileSync(published, "utf8"))).toEqual(schema);
});

test("every field says what it is for", () => {
  const silent: string[] = [];
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === "properties" && typeof value === "object") {
        for (const [name, field] of Object.entries(value as Record<string, object>)) {
          const isSaid = ["description", "title", "const", "enum"].some((word) => word in field);
          if (!isSaid) silent.push(`${path}.${name}`);
        }
      }
      walk(value, `${path}.${key}`);
    }
  };
  walk(scenarioSchema(), "");
  // Names of streams are described by the generator's own schema.
  expect(silent.filter((path) => !path.includes("generate."))).toEqual([]);
});

test("a document of nothing lacks what has no default, and no more", () => {
  expect(schemaProblems({}).map(({ message }) => message)).toEqual([
    "duration is missing: how long the run lasts at most, in virtual time",
    "agents is missing: the machines, by shape",
  ]);
});
