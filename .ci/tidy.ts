/**
 * House rules as functions over source text: who may import whom, what a pure folder may touch, how large a file
 * may grow, what nothing may be called. Each breach says what to do instead. `tidy.test.ts` runs them on the tree,
 * and on small wrong examples, so that a rule that stopped working is noticed.
 */
export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

interface Folder {
  readonly path: string;
  readonly package: string;
  readonly isPure: boolean;
  /** Packages of ours that it may import; its own folder is always allowed. */
  readonly may: readonly string[];
  /** Packages of npm that a pure folder may import all the same. */
  readonly npm?: readonly string[];
}

const CORES = [
  "@bourse/allocator",
  "@bourse/cluster",
  "@bourse/task",
  "@bourse/session",
  "@bourse/service-policy",
  "@bourse/runner-policy",
];
const EVERYTHING = [
  ...CORES,
  "@bourse/model",
  "@bourse/proto",
  "@bourse/master",
  "@bourse/agent",
  "@bourse/sdk",
  "@bourse/service",
  "@bourse/runner",
  "@bourse/load",
  "@bourse/load-policy",
  "@bourse/engine",
  "@bourse/testkit",
  "@bourse/sim",
];

/** The import table of docs/ARCHITECTURE.md. The longest matching path owns a file. */
export const FOLDERS: readonly Folder[] = [
  { path: "proto/model", package: "@bourse/model", isPure: true, may: [] },
  { path: "proto", package: "@bourse/proto", isPure: false, may: ["@bourse/model"] },
  {
    path: "master/allocator",
    package: "@bourse/allocator",
    isPure: true,
    may: ["@bourse/model"],
    // Constraints are regular expressions of strangers: linear in time, without I/O, the same on every machine.
    npm: ["re2js"],
  },
  {
    path: "master/cluster",
    package: "@bourse/cluster",
    isPure: true,
    may: ["@bourse/model", "@bourse/allocator"],
  },
  {
    path: "master",
    package: "@bourse/master",
    isPure: false,
    may: ["@bourse/model", "@bourse/proto", "@bourse/cluster", "@bourse/allocator"],
  },
  { path: "agent/task", package: "@bourse/task", isPure: true, may: ["@bourse/model"] },
  {
    path: "agent",
    package: "@bourse/agent",
    isPure: false,
    may: ["@bourse/model", "@bourse/proto", "@bourse/task"],
  },
  {
    path: "frameworks/sdk/session",
    package: "@bourse/session",
    isPure: true,
    may: ["@bourse/model"],
  },
  {
    path: "frameworks/sdk",
    package: "@bourse/sdk",
    isPure: false,
    may: ["@bourse/model", "@bourse/proto", "@bourse/session"],
  },
  {
    path: "frameworks/service/policy",
    package: "@bourse/service-policy",
    isPure: true,
    may: ["@bourse/model", "@bourse/session"],
  },
  {
    path: "frameworks/service",
    package: "@bourse/service",
    isPure: false,
    may: [
      "@bourse/model",
      "@bourse/proto",
      "@bourse/session",
      "@bourse/sdk",
      "@bourse/service-policy",
    ],
  },
  {
    path: "frameworks/runner/policy",
    package: "@bourse/runner-policy",
    isPure: true,
    may: ["@bourse/model", "@bourse/session"],
  },
  {
    path: "frameworks/runner",
    package: "@bourse/runner",
    isPure: false,
    may: [
      "@bourse/model",
      "@bourse/proto",
      "@bourse/session",
      "@bourse/sdk",
      "@bourse/runner-policy",
    ],
  },
  {
    path: "frameworks/load/policy",
    package: "@bourse/load-policy",
    isPure: true,
    may: ["@bourse/model", "@bourse/session"],
  },
  {
    path: "frameworks/load",
    package: "@bourse/load",
    isPure: false,
    may: ["@bourse/model", "@bourse/proto", "@bourse/sdk", "@bourse/load-policy"],
  },
  {
    path: "frameworks/example",
    package: "@bourse/example",
    isPure: false,
    may: ["@bourse/model", "@bourse/sdk"],
  },
  {
    path: "sim/engine",
    package: "@bourse/engine",
    isPure: true,
    may: ["@bourse/model", ...CORES],
    npm: ["fastpriorityqueue"],
  },
  {
    path: "sim/testkit",
    package: "@bourse/testkit",
    isPure: false,
    may: ["@bourse/model", "@bourse/engine", ...CORES],
  },
  {
    path: "sim",
    package: "@bourse/sim",
    isPure: false,
    may: ["@bourse/model", "@bourse/proto", "@bourse/engine", "@bourse/testkit", ...CORES],
  },
  { path: "cli", package: "bourse", isPure: false, may: EVERYTHING },
  { path: "bench", package: "@bourse/bench", isPure: false, may: EVERYTHING },
];

export const LINES_MAX = 500;

export function folderOf(path: string): Folder | undefined {
  let owner: Folder | undefined;
  for (const folder of FOLDERS) {
    if (!path.startsWith(`${folder.path}/`)) continue;
    if (owner === undefined || folder.path.length > owner.path.length) owner = folder;
  }
  return owner;
}

export function isTest(path: string): boolean {
  return /\.test\.ts$|-contract\.ts$|(^|\/)testdata\//.test(path);
}

/** Every rule on every file; each string names the file, the breach and the remedy. */
export function breaches(files: readonly SourceFile[]): readonly string[] {
  return [
    ...files.flatMap((file) => [
      ...importBreaches(file),
      ...purityBreaches(file),
      ...sizeBreaches(file),
      ...nameBreaches(file),
      ...wordBreaches(file),
    ]),
    ...cycleBreaches(files),
  ];
}

interface Import {
  readonly target: string;
  readonly isType: boolean;
}

/** Static and dynamic imports and re-exports. */
export function importsOf(text: string): readonly Import[] {
  const found: Import[] = [];
  const statement =
    /^\s*(?:import|export)\s+(type\s+)?(?:[\w*{][^;"']*?\sfrom\s+)?["']([^"']+)["']/gm;
  for (const match of text.matchAll(statement)) {
    found.push({ target: match[2] ?? "", isType: match[1] !== undefined });
  }
  for (const match of text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g)) {
    found.push({ target: match[1] ?? "", isType: false });
  }
  return found;
}

/** Tests may use the test runner and read their own data; all else obeys the table. */
const TEST_IMPORTS = ["vitest", "fast-check"];

export function importBreaches(file: SourceFile): readonly string[] {
  const folder = folderOf(file.path);
  if (folder === undefined) return [];
  return importsOf(file.text).flatMap(({ target }) => {
    const problem = importProblem(file, folder, target);
    return problem === null ? [] : [`${file.path} imports ${target}: ${problem}`];
  });
}

function importProblem(file: SourceFile, folder: Folder, target: string): string | null {
  if (isTest(file.path) && (TEST_IMPORTS.includes(target) || target.startsWith("node:")))
    return null;
  if (target.startsWith(".")) {
    const reached = resolve(file.path, target);
    const owner = folderOf(reached);
    if (owner !== folder) {
      return `reach another package by its name (${owner?.package ?? "none"}), not by a path`;
    }
    return null;
  }
  if (target.startsWith("#gen/")) {
    if (file.path.startsWith("proto/wire/") || isTest(file.path)) return null;
    return "only proto/wire may see generated code; convert to the model there";
  }
  const ours = /^(@bourse\/[\w-]+|bourse)(\/|$)/.exec(target)?.[1];
  if (ours !== undefined) {
    if (ours === folder.package || folder.may.includes(ours)) return null;
    return `${folder.path} may import ${folder.may.join(", ") || "nothing of ours"}; meet in proto/model, or move the code`;
  }
  if (!folder.isPure || folder.npm?.includes(target) === true) return null;
  return "a pure folder imports no npm or node package; let the shell do it and pass data in";
}

/** What pure code may not touch, and what to do instead. */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [/\bnew Date\b|\bDate\./, "take `now: Now` as an argument"],
  [/\bperformance\./, "take `now: Now` as an argument"],
  [/\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/, "return a `wakeAtMs`"],
  [/\bMath\.random\b|\bcrypto\./, "draw from a forked Random"],
  [
    /\bMath\.(exp|log|log2|log10|log1p|expm1|pow|sin|cos|tan|sinh|cosh|tanh|cbrt)\b/,
    "its result differs between engines: use integers, or +-*/ and sqrt",
  ],
  [/\bprocess\b(?!\s*[:"'`-])(?=[.[])/, "let main.ts read the process and pass data in"],
  [/\bconsole\./, "return data that explains; the shell logs"],
  [
    /\basync\b(?=\s+(function|\(|\w+\s*=>|\w+\())|\bawait\s/,
    "pure code is synchronous: return effects",
  ],
  [
    /\.localeCompare\(|\bIntl\.|\.toLocale\w+\(/,
    "the result depends on the locale: compare with < and >",
  ],
  [/\bstructuredClone\b|\bglobalThis\b/, "build new data"],
];

export function purityBreaches(file: SourceFile): readonly string[] {
  if (folderOf(file.path)?.isPure !== true || isTest(file.path)) return [];
  const code = withoutComments(file.text);
  return BANNED.flatMap(([pattern, remedy]) => {
    const match = pattern.exec(code);
    if (match === null) return [];
    const line = code.slice(0, match.index).split("\n").length;
    return [`${file.path}:${line} is pure and has \`${match[0].trim()}\`: ${remedy}`];
  });
}

export function sizeBreaches(file: SourceFile): readonly string[] {
  const lines = file.text.split("\n").length - 1;
  if (lines <= LINES_MAX) return [];
  return [`${file.path} has ${lines} lines, more than ${LINES_MAX}: split it by noun`];
}

export function nameBreaches(file: SourceFile): readonly string[] {
  const name = file.path.split("/").at(-1) ?? "";
  const found: string[] = [];
  if (/(^|\/)(utils?|helpers?|common|misc)(\/|\.|$)/.test(file.path)) {
    found.push(`${file.path}: name the file after what it holds, not "${name}"`);
  }
  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*\.ts$/.test(name)) {
    found.push(`${file.path}: file names are kebab-case after their main export`);
  }
  if (name === "index.ts" && file.path !== "frameworks/sdk/index.ts") {
    found.push(`${file.path}: no barrels; import the file that holds the thing`);
  }
  if (/^export default /m.test(file.text) && !/\.config\.ts$/.test(name)) {
    found.push(`${file.path} has a default export: name it`);
  }
  return found;
}

/** Words that do not belong in the project, wherever they stand. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bTODO\b|\bFIXME\b|\bXXX\b/, "open work goes into docs/DECISIONS.md"],
  [/\bslaves?\b/i, "say agent; Mesos' old word belongs to its wire names only"],
  [/: any\b|\bas any\b|<any>/, "give it a type, or `unknown`"],
  [/@ts-(ignore|nocheck)/, "fix the type"],
  [
    /\b(it|test|describe)\.(only|skip)\(/,
    "no test is left out or alone; skip with a reason by `skipIf`",
  ],
];

export function wordBreaches(file: SourceFile): readonly string[] {
  if (file.path.startsWith(".ci/")) return [];
  return WORDS.flatMap(([pattern, remedy]) => {
    if (pattern.source.includes("slave") && file.path.startsWith("proto/")) return [];
    const match = pattern.exec(file.text);
    if (match === null) return [];
    const line = file.text.slice(0, match.index).split("\n").length;
    return [`${file.path}:${line} has \`${match[0]}\`: ${remedy}`];
  });
}

/** Cycles between files, over imports of values; type imports vanish and may go both ways. */
export function cycleBreaches(files: readonly SourceFile[]): readonly string[] {
  const graph = new Map<string, readonly string[]>();
  for (const file of files) {
    graph.set(
      file.path,
      importsOf(file.text)
        .filter((found) => !found.isType && found.target.startsWith("."))
        .map((found) => resolve(file.path, found.target)),
    );
  }
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      found.push(
        `${[...trail.slice(start), path].join(" -> ")} is a cycle: move what both need into a file of its own`,
      );
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

function resolve(from: string, target: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Comments blanked out, line numbers kept; strings stay (a banned call in a string is rare and worth a look). */
function withoutComments(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|(^|[^:"'`\\])\/\/[^\n]*/g,
    (comment, before: string | undefined) =>
      (before ?? "") + comment.slice((before ?? "").length).replace(/[^\n]/g, " "),
  );
}
