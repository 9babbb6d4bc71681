// Generates proto/gen from the .proto files, offline: `npm run generate`, or `node proto/generate.mjs FOLDER`
// to generate elsewhere (the regenerate-and-diff test does). Output is JavaScript with declarations beside it,
// because TypeScript output has `enum`, which sources that run as they are (erasableSyntaxOnly) may not have.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const proto = path.dirname(fileURLToPath(import.meta.url));
const binaries = path.join(proto, "..", "node_modules", ".bin");
const out = path.resolve(process.argv[2] ?? path.join(proto, "gen"));

const template = {
  version: "v2",
  plugins: [
    {
      local: path.join(binaries, "protoc-gen-es"),
      out,
      opt: ["target=js+dts", "import_extension=js"],
    },
  ],
};

rmSync(out, { recursive: true, force: true });
execFileSync(
  path.join(binaries, "buf"),
  ["generate", proto, "--template", JSON.stringify(template)],
  {
    stdio: "inherit",
  },
);
