import { randomBytes } from "node:crypto";
import type { GeneratorText } from "@bourse/sim/tools/load-gen/generator-text";
import type { Command } from "commander";
import { contextFor } from "./context.ts";
import { endWithoutTraces } from "./end-without-traces.ts";
import { examples } from "./examples.ts";
import { tell, totalsText } from "./load-totals.ts";
import { seedOf } from "./seed-flag.ts";

interface GenFlags extends GeneratorText {
  readonly seed?: string;
  readonly out?: string;
}

/** The flags that are fields of the generator; commander hands over the global ones as well. */
const FIELDS = [
  ...["preset", "duration", "rate", "jobs", "arrivals", "tasks", "cpus", "mem", "disk", "gpus"],
  ...["run", "ownRuns", "name", "stream"],
] as readonly (keyof GeneratorText)[];

/** `bourse sim gen`: a synthetic load as a file that `bourse sim run` takes. */
export function addSimGenCommand(sim: Command): void {
  sim
    .command("gen")
    .description("generate a load by its laws, as a load file; the same seed gives the same load")
    .option("--preset <name>", "a published mix: facebook-hadoop, omega, nomad-c100k")
    .option("--stream <name>", "only this one of its streams, e.g. batch or service of omega")
    .option("--duration <time>", "jobs arrive from 0 until then (default: 1h)")
    .option("--rate <jobs/time>", "how often jobs arrive (default: 1/s)")
    .option("--jobs <count>", "so many jobs, anywhere in the duration, instead of a rate")
    .option("--arrivals <process>", "poisson, even, uniform, bursts:10m,30s or diurnal:24h,0.5")
    .option("--tasks <law>", "tasks of a job (default: 1)")
    .option("--cpus <law>", "cores of a task (default: 0.1..1)")
    .option("--mem <law>", "memory of a task; 2GiB/cpu = for each core (default: 64MiB..1GiB)")
    .option("--disk <law>", "disk of a task (default: none)")
    .option("--gpus <law>", "GPUs of a task, below 1 a part of one (default: none)")
    .option("--run <law>", "how long a task runs, or forever (default: lognormal:60s,1)")
    .option("--own-runs", "each task of a job runs for a time of its own")
    .option("--name <text>", "prefix of the jobs' names")
    .option("--seed <text>", "of all chance (default: a random one, said on stderr)")
    .option("--out <file>", "write there instead of to stdout; .gz packs it")
    .addHelpText("after", LAWS)
    .addHelpText(
      "after",
      examples(
        "bourse sim gen --rate 20/s --duration 1h --cpus 0.1..1 --mem 64MiB..1GiB --run lognormal:60s,2 --seed 7 > load.csv",
        "bourse sim gen --jobs 500 --tasks power:1.8,1..1000 --run exponential:90s --out load.csv.gz",
        "bourse sim gen --preset omega --stream batch --duration 6h --seed 7 --out omega-batch.csv",
      ),
    )
    .action(async (flags: GenFlags, command: Command) => {
      const context = contextFor(command);
      const { generateLoad } = await import("@bourse/sim/tools/load-gen/generate-load");
      const { readGenerator } = await import("@bourse/sim/tools/load-gen/generator-text");
      const { writeLoadFile } = await import("@bourse/sim/tools/load-file/write-load-file");
      const { seed = randomBytes(4).toString("hex"), out = null } = flags;
      const said = FIELDS.filter((field) => flags[field] !== undefined);
      const text: GeneratorText = Object.fromEntries(said.map((field) => [field, flags[field]]));
      // Drawing hears no signal and leaves nothing behind: until it is over Ctrl-C ends the process by itself.
      const rows = generateLoad(readGenerator(text), seedOf(seed));
      const interrupt = endWithoutTraces();
      const totals = await writeLoadFile(out, rows).finally(interrupt.off);
      if (!context.isQuiet && context.output === "table") {
        process.stderr.write(`${context.colors.bold("seed".padEnd(16))}${seed}\n`);
      }
      tell(context, out === null, totalsText(context, totals));
    });
}

const LAWS = `
Laws: a value is 60s, 0.5, 2GiB; of a law it is drawn for each job
  10s..2m                     evenly between
  0.5:60,1:30,4:10            values with weights
  exponential:60s[,MAX]       by its mean
  lognormal:60s,2[,MAX]       by its median and the deviation of its logarithm
  power:1.8,1..1000           a power law between two ends
  geometric:10[,MAX]          1, 2, 3, ... by its mean`;
