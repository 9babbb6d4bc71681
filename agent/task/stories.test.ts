import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Story } from "./testing/story.ts";

const FOLDER = fileURLToPath(new URL("./testdata/", import.meta.url));

/** REWRITE=1 writes what the core does now; commit only what you understand. */
test.each(readdirSync(FOLDER).filter((name) => name.endsWith(".txt")))("story %s", (name) => {
  const text = readFileSync(FOLDER + name, "utf8");
  const told = tell(text);
  if (process.env.REWRITE !== undefined) writeFileSync(FOLDER + name, told);
  else expect(told).toBe(text);
});

/** A script is a list of blocks: comments and one command, `----`, its exact output, an empty line. */
function tell(text: string): string {
  const story = new Story();
  const blocks: string[] = [];
  for (const block of text.trimEnd().split(/\n\n+/)) {
    const head = (block.split("\n----")[0] ?? "").split("\n");
    const command = head.find((line) => !line.startsWith("#"));
    if (command === undefined) blocks.push(head.join("\n"));
    else blocks.push(`${head.join("\n")}\n----\n${story.execute(command)}`);
  }
  return `${blocks.join("\n\n")}\n`;
}
