import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
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
 * A page that is one file cannot import, so its modules become one script: each a function of its own that returns
 * what it exports, what is imported before what imports it. Understands what the compiler makes of `page/`: named
 * imports of files beside, and exports where they are declared.
 */
function oneScript(entry: string): string {
  const done = new Set<string>();
  const parts: string[] = [];
  const visit = (file: string): void => {
    if (done.has(file)) return;
    done.add(file);
    const text = read(file);
    for (const [, , target = ""] of text.matchAll(IMPORT)) visit(join(dirname(file), target));
    const names = Array.from(text.matchAll(EXPORT), ([, , name = ""]) => name);
    const body = text
      .replace(IMPORT, (_, list: string, target: string) => {
        const taken = list.replaceAll(/ as /g, ": ");
        return `const {${taken}} = ${variableOf(join(dirname(file), target))};`;
      })
      .replace(EXPORT, "$1$2")
      .replace(/^export \{\};?$|^\/\/# sourceMappingURL=.*$/gm, "");
    parts.push(
      `const ${variableOf(file)} = (() => {\n${body}\nreturn { ${names.join(", ")} };\n})();`,
    );
  };
  visit(entry);
  return parts.join("\n");
}

const IMPORT = /^import \{([^}]*)\} from "(\.\/[^"]+)";$/gm;
const EXPORT = /^export ((?:function|class|const|let) )(\w+)/gm;

function variableOf(file: string): string {
  return `page_${basename(file, ".js").replaceAll("-", "_")}`;
}

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
