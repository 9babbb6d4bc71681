import { parseArgs } from "node:util";
import { measureCodec } from "./codec.ts";
import { type Measured, readBaseline, renderTable, withMachine } from "./report.ts";
import { measureSpine } from "./spine.ts";

/** `npm run bench -- NAME [-o json]`: what is measured, by name. */
const BENCHES: Readonly<Record<string, (say: (line: string) => void) => Measured>> = {
  spine: measureSpine,
  codec: measureCodec,
};

const USAGE = `usage: npm run bench -- ${Object.keys(BENCHES).join("|")} [-o table|json]`;

function main(): void {
  const { name, output } = readArguments();
  const bench = name === undefined ? undefined : BENCHES[name];
  if (name === undefined || bench === undefined || (output !== "table" && output !== "json")) {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
    return;
  }
  const measured = withMachine(bench((line) => process.stderr.write(`${line}\n`)));
  const text =
    output === "json"
      ? JSON.stringify(measured, null, 2)
      : renderTable(measured, readBaseline(name));
  process.stdout.write(`${text}\n`);
}

function readArguments(): {
  readonly name: string | undefined;
  readonly output: string | undefined;
} {
  try {
    const { values, positionals } = parseArgs({
      options: { output: { type: "string", short: "o", default: "table" } },
      allowPositionals: true,
    });
    return { name: positionals.length === 1 ? positionals[0] : undefined, output: values.output };
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    return { name: undefined, output: undefined };
  }
}

main();
