import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ClusterError } from "@bourse/model/errors";

/** All that a page needs beside its data, as text. */
export interface PageAssets {
  readonly uplotScript: string;
  readonly uplotStyle: string;
  readonly pageScript: string;
}

/** Reads them from the installed package and from what `npm run build` made of `page/`. Throws `internal`. */
export function readPageAssets(): PageAssets {
  const require = createRequire(import.meta.url);
  const uplot = dirname(require.resolve("uplot/package.json"));
  return {
    uplotScript: readFileSync(join(uplot, "dist/uPlot.iife.min.js"), "utf8"),
    uplotStyle: readFileSync(join(uplot, "dist/uPlot.min.css"), "utf8"),
    pageScript: oneScript(join(pageFolder(), "main.js")),
  };
}

/** Compiled it lies beside this file; run from the sources, in the package's `dist`. */
function pageFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const isCompiled = here.endsWith(join("dist", "tools", "report"));
  return join(here, isCompiled ? "page" : "../../dist/tools/report/page");
}

/**
 * A page that is one file cannot import: its modules become one, what is imported before what imports it. They share
 * one scope, so no two of them may name something alike (the browser test would see it).
 */
function oneScript(entry: string): string {
  const done = new Set<string>();
  const parts: string[] = [];
  const visit = (file: string): void => {
    if (done.has(file)) return;
    done.add(file);
    const text = read(file);
    for (const [, target = ""] of text.matchAll(IMPORT)) visit(join(dirname(file), target));
    parts.push(
      text.replace(IMPORT, "").replace(/^export (?=(async |function|class|const|let))/gm, ""),
    );
  };
  visit(entry);
  return parts.join("\n").replace(/^export \{\};?$/gm, "");
}

const IMPORT = /^import [^;]*? from "(\.\/[^"]+)";$/gm;

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new ClusterError("internal", `the page's script ${file} cannot be read`, {
      cause,
      hint: "it is made by `npm run build`",
    });
  }
}
