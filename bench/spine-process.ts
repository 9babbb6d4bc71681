import { type SimRunOptions, simRun } from "@bourse/sim/tools/run";

/** One run of the simulator in a process of its own: options as JSON in, report as JSON out. */
const options = JSON.parse(process.argv[2] ?? "{}") as SimRunOptions;
const report = simRun(options);
const { user, system } = process.cpuUsage();
process.stdout.write(JSON.stringify({ report, cpuSeconds: (user + system) / 1e6 }));
