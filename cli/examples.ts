/** The end of a command's help: every command shows how it is typed (FEATURES C-1). */
export function examples(...lines: readonly string[]): string {
  const title = lines.length === 1 ? "Example" : "Examples";
  return `\n${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
