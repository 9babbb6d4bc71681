import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Script } from "./testing/script-commands.ts";

/**
 * Stories about the master: each file of testdata is a list of `command / ---- / output`. `REWRITE=1` writes the
 * outputs anew; only commit such a change if you understand what caused it.
 */
const folder = join(import.meta.dirname, "testdata");
const isRewriting = process.env.REWRITE === "1";

describe("the master does what its scripts say", () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".txt"))) {
    test(file, () => {
      const path = join(folder, file);
      const before = readFileSync(path, "utf8");
      const after = perform(before);
      if (isRewriting) writeFileSync(path, after);
      else expect(after).toBe(before);
    });
  }
});

/** Blocks are parted by empty lines; lines with # are kept as they are. */
function perform(text: string): string {
  const script = new Script();
  const blocks = text.trim().split(/\n\n+/);
  return `${blocks.map((block) => performBlock(script, block)).join("\n\n")}\n`;
}

function performBlock(script: Script, block: string): string {
  const lines = block.split("\n");
  const end = lines.indexOf("----");
  const head = end === -1 ? lines : lines.slice(0, end);
  const commands = head.filter((line) => !line.startsWith("#") && line.trim() !== "");
  if (commands.length === 0) return block;
  return [...head, "----", ...commands.map((command) => script.run(command))].join("\n");
}
