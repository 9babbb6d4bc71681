import { parseArgs } from "node:util";
import { allocatorBench } from "./allocator.ts";
import { measureCodec } from "./codec.ts";
import { measureCore } from "./core.ts";
import { measureLive } from "./live.ts";
import { type Bench, figuresBench } from "./report.ts";
import { simBench } from "./sim.ts";

/** `npm run bench -- NAME [-o json] [--quick]`: what is measured, by name. */
const BENCHES: Readonly<Record<string, Bench>> = {
  allocator: allocatorBench,
  core: figuresBench(measureCore),
  sim: simBench,
  codec: figuresBench(measureCodec),
  live: figuresBench(measureLive),
};

const USAGE = `usage: npm run bench -- ${Object.keys(BENCHES).join("|")} [-o table|json] [--quick]`;

function main(): void {
  const given = readArguments();
  const bench = given === null || !Object.hasOwn(BENCHES, given.name) ? null : BENCHES[given.name];
  if (given === null || !bench || (given.output !== "table" && given.output !== "json")) {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
    return;
  }
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const { report, text, failures } = bench.run(say, { isQuick: given.isQuick });
  process.stdout.write(`${given.output === "json" ? JSON.stringify(report, null, 2) : text}\n`);
  for (const failure of failures) say(`failed: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}

interface Arguments {
  readonly name: string;
  readonly output: string;
  readonly isQuick: boolean;
}

function readArguments(): Arguments | null {
  try {
    const { values, positionals } = parseArgs({
      options: {
        output: { type: "string", short: "o", default: "table" },
        quick: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const [name, ...others] = positionals;
    if (name === undefined || others.length > 0) return null;
    return { name, output: values.output, isQuick: values.quick };
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    return null;
  }
}

main();
