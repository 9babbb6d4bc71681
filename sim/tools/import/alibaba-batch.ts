import { amountsOf, eachRecord, machineMemMib, type TraceFormat } from "./trace-reader.ts";

/**
 * Alibaba's batch tasks of 2017 as reduced by FC-Li/CloudSimPy (`playground/Non_DAG/jobs_files/jobs.csv`): one row a
 * task of alike instances, with their mean duration. Tasks of a job are not ordered among each other there. Memory is
 * a fraction of one machine.
 */
export const ALIBABA_BATCH: TraceFormat = {
  name: "alibaba2017-batch",
  about: "Alibaba batch tasks of 2017, as CloudSimPy's jobs.csv (needs --machine-mem)",
  isLine: (cells) => cells.includes("submit_time") && cells.includes("instances_num"),
  open: (sink, options) => {
    const memMib = machineMemMib(options, "alibaba2017-batch");
    return {
      file: (path, onRead) =>
        eachRecord(path, { columns: null, onRead }, (record) => {
          const count = record.number("instances_num");
          if (count < 1) {
            sink.leaveOut("tasks without instances");
            return;
          }
          sink.add({
            atMs: Math.round(record.number("submit_time") * 1_000),
            count: Math.round(count),
            amounts: amountsOf({
              cpuMilli: record.number("cpu") * 1_000,
              memMib: Math.max(1, record.number("memory", 1) * memMib),
            }),
            runMs: Math.round(record.number("duration") * 1_000),
            job: `j${record.text("job_id")}`,
          });
        }),
      end: () => {},
    };
  },
};
