#!/usr/bin/env node
// Which test fails if I flip this comparison? For each < <= > >= === !== && || + - of the given files, one at a time,
// in a copy of master/allocator: are its fast tests red? Prints the survivors with file:line and the score.
//
//   npm run mutation -- master/allocator/quota.ts master/allocator/shares.ts [--every 3] [--tests oracle,script]
//
// --every N takes each Nth flip only, --tests only the test files whose names begin so. A flip that makes them run
// longer than --timeout-s counts as caught.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

const ROOT = resolve(import.meta.dirname, "..");
const FLIPPED = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "===": "!==",
  "!==": "===",
  "&&": "||",
  "||": "&&",
  "+": "-",
  "-": "+",
  "+=": "-=",
  "-=": "+=",
};
/** Enough to catch what the long runs catch, in a tenth of the time. */
const ORACLE_RUNS = "60";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    every: { type: "string", default: "1" },
    tests: { type: "string", default: "" },
    "timeout-s": { type: "string", default: "120" },
  },
});
if (positionals.length === 0) {
  console.error("mutation: name the files to flip, e.g. master/allocator/quota.ts");
  process.exit(2);
}

const filters = values.tests.split(",").map((name) => `allocator/${name}`);
const folder = copyOfAllocator();
try {
  if ((await run("inherit")) !== "green")
    throw new Error("the tests fail without any flip: make them green first");
  const counts = { green: 0, red: 0, hanging: 0 };
  for (const path of positionals) {
    const file = basename(path);
    const source = readFileSync(join(folder, "allocator", file), "utf8");
    const flips = flipsOf(source).filter((_, index) => index % Number(values.every) === 0);
    for (const { at, from } of flips) {
      const mutant = source.slice(0, at) + FLIPPED[from] + source.slice(at + from.length);
      writeFileSync(join(folder, "allocator", file), mutant);
      const end = await run();
      counts[end]++;
      if (end !== "red") console.log(`${end}: ${describe(path, source, at, from)}`);
    }
    writeFileSync(join(folder, "allocator", file), source);
    console.log(
      `${relative(ROOT, resolve(path))}: ${flips.length} flips, ${counts.green} not caught so far`,
    );
  }
  const caught = counts.red + counts.hanging;
  const total = caught + counts.green;
  const score = ((100 * caught) / total).toFixed(1);
  console.log(`${caught} of ${total} flips caught (${score} %), ${counts.hanging} of them by time`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Its own sources and tests; the model comes through node_modules as ever. */
function copyOfAllocator() {
  const copy = mkdtempSync(join(tmpdir(), "bourse-mutation-"));
  cpSync(join(ROOT, "master/allocator"), join(copy, "allocator"), {
    recursive: true,
    filter: (path) => !path.endsWith("/dist") && !path.endsWith("/tsconfig.json"),
  });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  writeFileSync(
    join(copy, "vitest.config.mjs"),
    `const conditions = ["source"];
export default {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { include: ["allocator/*.test.ts"], bail: 1, pool: "threads", isolate: false, cache: false },
};`,
  );
  return copy;
}

/** green, red or hanging. */
function run(stdio = "ignore") {
  return new Promise((done) => {
    const child = spawn(
      process.execPath,
      [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--reporter=dot", ...filters],
      {
        cwd: folder,
        env: { ...process.env, ORACLE_RUNS, ORACLE_SEED: "1", NO_COLOR: "1" },
        stdio,
      },
    );
    const timer = setTimeout(() => child.kill("SIGKILL"), Number(values["timeout-s"]) * 1000);
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      done(signal !== null ? "hanging" : code === 0 ? "green" : "red");
    });
  });
}

/** The formatter puts blanks around every binary operator and around nothing else that looks like one. */
function flipsOf(source) {
  const code = source.replace(
    /\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g,
    (quiet) => quiet.replace(/[^\n]/g, "."),
  );
  const operator = /(?<=\s)(?:<=|>=|<|>|===|!==|&&|\|\||\+=|-=|\+|-)(?=\s)/g;
  return Array.from(code.matchAll(operator), ({ index, 0: from }) => ({ at: index, from }));
}

function describe(path, source, at, from) {
  const before = source.slice(0, at).split("\n");
  const line = source.split("\n")[before.length - 1].trim();
  return `${path}:${before.length}:${before.at(-1).length + 1} ${from} -> ${FLIPPED[from]}  ${line}`;
}
