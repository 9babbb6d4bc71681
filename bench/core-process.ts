import { CoreDriver, type CoreLoad } from "./core-driver.ts";

/** One run of the master's core in a process of its own: the load as JSON in, what it took as JSON out. */
export interface CoreRun {
  readonly coreMs: number;
  readonly inputs: number;
  readonly offers: number;
  readonly running: number;
}

const load = JSON.parse(process.argv[2] ?? "{}") as CoreLoad;
const driver = new CoreDriver(load);
driver.run();
const { coreMs, inputs, offers, running } = driver;
const run: CoreRun = { coreMs, inputs, offers, running };
process.stdout.write(JSON.stringify(run));
