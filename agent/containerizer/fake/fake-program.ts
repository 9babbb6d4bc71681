/** One thing that a fake process does. */
export type FakeStep =
  | { readonly kind: "write"; readonly stream: "stdout" | "stderr"; readonly text: string }
  | { readonly kind: "save"; readonly path: string; readonly text: string }
  | { readonly kind: "show"; readonly path: string }
  | { readonly kind: "sleep"; readonly durationMs: number }
  | { readonly kind: "exit"; readonly exitCode: number }
  | { readonly kind: "ignore-sigterm" }
  /** Copies stdin to stdout until its end. */
  | { readonly kind: "copy" }
  | { readonly kind: "run-on" };

/**
 * Reads the few words of shell that the fake understands, separated by `;`: `echo TEXT [>&2 | > FILE]` (with $VARIABLES),
 * `sleep SECONDS`, `exit CODE`, `true`, `false`, `cat [FILE]`, `trap '' TERM`. Its files are those of persistent volumes. Anything else runs until it is killed.
 */
export function parseProgram(
  text: string,
  environment: ReadonlyMap<string, string>,
): readonly FakeStep[] {
  return text
    .split(";")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "")
    .map((statement) => parseStatement(statement, environment));
}

function parseStatement(statement: string, environment: ReadonlyMap<string, string>): FakeStep {
  const [word = "", ...rest] = statement.split(/\s+/);
  switch (word) {
    case "echo": {
      const isError = rest.at(-1) === ">&2";
      const isSaved = rest.at(-2) === ">";
      const words = isError ? rest.slice(0, -1) : isSaved ? rest.slice(0, -2) : rest;
      const text = `${expand(words.join(" "), environment)}\n`;
      if (isSaved) return { kind: "save", path: expand(rest.at(-1) ?? "", environment), text };
      return { kind: "write", stream: isError ? "stderr" : "stdout", text };
    }
    case "sleep": {
      const seconds = Number(rest[0]);
      return Number.isFinite(seconds) && seconds >= 0
        ? { kind: "sleep", durationMs: seconds * 1000 }
        : { kind: "exit", exitCode: 1 };
    }
    case "exit":
      return { kind: "exit", exitCode: Number(rest[0] ?? 0) & 0xff };
    case "true":
      return { kind: "exit", exitCode: 0 };
    case "false":
      return { kind: "exit", exitCode: 1 };
    case "cat":
      return rest[0] === undefined
        ? { kind: "copy" }
        : { kind: "show", path: expand(rest[0], environment) };
    case "trap":
      return rest.includes("TERM") ? { kind: "ignore-sigterm" } : { kind: "run-on" };
    default:
      return { kind: "run-on" };
  }
}

function expand(text: string, environment: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\w+)/g, (_match, name) => environment.get(name) ?? "");
}
