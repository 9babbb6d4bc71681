import { ClusterError } from "@bourse/model/errors";
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Path, Problem } from "./form.ts";

/** Errors of one file that are shown; the rest is most often of the same making. */
const SHOWN_MAX = 10;

/** The text of a scenario file: its data, and where in the text each part of it stands. */
export class YamlSource {
  readonly name: string;
  readonly data: object;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  /** `name`: of the file, for messages. Throws `invalid_call` when the text is no YAML, or is empty. */
  constructor(text: string, name: string) {
    this.name = name;
    this.#lines = new LineCounter();
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      merge: true,
    });
    const problems = this.#document.errors.map(({ code, message, pos }) => ({
      where: this.#whereIs(pos[0]),
      message:
        code === "MULTIPLE_DOCS"
          ? "a second document begins here; a file is one scenario"
          : message.replaceAll("\n", " "),
    }));
    if (problems.length > 0) throw invalid(name, problems);
    const data = this.#toData();
    if (data === null || data === undefined) {
      throw new ClusterError("invalid_call", `${name} is empty`, { hint: HINT });
    }
    if (typeof data !== "object" || Array.isArray(data)) {
      throw new ClusterError("invalid_call", `${name} is no scenario: it has no fields`, {
        hint: HINT,
      });
    }
    this.data = data;
  }

  refusalOf(problems: readonly Problem[]): ClusterError {
    const inOrder = problems
      .map((problem) => ({ offset: this.#offsetOf(problem), text: wordsOf(problem) }))
      .sort((a, b) => a.offset - b.offset);
    return invalid(
      this.name,
      inOrder.map(({ offset, text }) => ({ where: this.#whereIs(offset), message: text })),
    );
  }

  /** As one line each: `file:line:column: path: what is odd`. */
  warningsOf(problems: readonly Problem[]): readonly string[] {
    return problems.map(
      (problem) => `${this.name}:${this.#whereIs(this.#offsetOf(problem))}: ${wordsOf(problem)}`,
    );
  }

  #toData(): unknown {
    try {
      return this.#document.toJS();
    } catch (thrown) {
      // An alias of something that is not there, or too many of them.
      const { message } = thrown as Error;
      const why = message.startsWith("Excessive") ? "its aliases (*) stand for too much" : message;
      throw new ClusterError("invalid_call", `${this.name}: ${why}`, { cause: thrown, hint: HINT });
    }
  }

  /** Of the part that a path leads to, or of the nearest above it. */
  #offsetOf({ path, isOnKey }: Problem): number {
    let node: unknown = this.#document.contents;
    let offset = startOf(node) ?? 0;
    for (const [index, step] of path.entries()) {
      const isLast = index === path.length - 1;
      const next = childOf(this.#document, node, step);
      if (next === null) break;
      offset =
        (isLast && isOnKey ? startOf(next.key) : startOf(next.value)) ??
        startOf(next.key) ??
        offset;
      node = next.value;
    }
    return offset;
  }

  #whereIs(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${line}:${col}`;
  }
}

const HINT =
  "see `bourse sim run --schema` for what it may say, or start from an example in sim/scenarios";

function childOf(
  document: Document.Parsed,
  node: unknown,
  step: string | number,
): { readonly key: unknown; readonly value: unknown } | null {
  const target = resolve(document, node);
  if (isSeq(target)) {
    const value = target.items[Number(step)];
    return value === undefined ? null : { key: null, value };
  }
  if (!isMap(target)) return null;
  const pair = target.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  return pair === undefined ? null : { key: pair.key, value: pair.value };
}

/** What an alias stands for. */
function resolve(document: Document.Parsed, node: unknown): unknown {
  const isAlias = typeof node === "object" && node !== null && "resolve" in node;
  return isAlias ? (node as { resolve(of: Document.Parsed): unknown }).resolve(document) : node;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}

function wordsOf({ path, message }: Problem): string {
  return path.length === 0 ? message : `${pathText(path)}: ${message}`;
}

/** `frameworks[0].load[2].size` */
function pathText(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join("");
}

function invalid(
  name: string,
  problems: readonly { readonly where: string; readonly message: string }[],
): ClusterError {
  const lines = problems
    .slice(0, SHOWN_MAX)
    .map(({ where, message }) => `${name}:${where}: ${message}`);
  if (problems.length > SHOWN_MAX) lines.push(`and ${problems.length - SHOWN_MAX} more`);
  return new ClusterError("invalid_call", lines.join("\n        "), { hint: HINT });
}
