import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { program } from "./main.ts";

const commands = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap(commands),
];
const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;

/** All that `--help` prints, what is added after it included. */
function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

describe("--help (C-1)", () => {
  test.each(commands(program()).map((command) => [nameOf(command), command] as const))(
    "%s has an example that names it",
    (name, command) => {
      const help = helpOf(command);
      expect(help).toMatch(/\nExamples?:\n/);
      expect(help.slice(help.search(/\nExamples?:\n/))).toContain(name);
    },
  );

  test("global flags are listed at the root, and every command says where", () => {
    for (const command of commands(program()).slice(1))
      expect(helpOf(command)).toContain("bourse --help");
  });
});
