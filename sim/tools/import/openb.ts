import { amountsOf, eachRecord, type TraceFormat } from "./trace-reader.ts";

/**
 * Alibaba's cluster-trace-gpu-v2023, "openb" (ATC'23, Beware of Fragmentation), as in `data/csv` of
 * hkust-adsl/kubernetes-scheduler-simulator. Pods become tasks, nodes become agents. A pod that takes a part of one
 * GPU says so in thousandths; its list of GPU models is kept. QoS and phase have no counterpart.
 */
export const OPENB: TraceFormat = {
  name: "openb",
  about: "Alibaba cluster-trace-gpu-v2023: lists of nodes and of pods",
  isLine: ([first, second]) => (first === "sn" || first === "name") && second === "cpu_milli",
  open: (sink) => ({
    file: (path, onRead) =>
      eachRecord(path, { columns: null, onRead }, (record) => {
        const cpuMilli = record.number("cpu_milli");
        const memMib = record.number("memory_mib");
        if (record.has("sn")) {
          const gpuModel = record.text("model");
          sink.machines.push({
            cpuMilli,
            memMib,
            gpus: record.number("gpu", 30),
            gpuModel,
            platform: "",
          });
          return;
        }
        const gpus = record.number("num_gpu", 1_000);
        const gpuMilli = record.number("gpu_milli", 1_000);
        const isPart = gpus === 1 && gpuMilli < 1_000;
        const models = record
          .text("gpu_spec")
          .split("|")
          .filter((model) => model !== "");
        // A pod that is never scheduled waits from its creation to its deletion.
        const isScheduled = record.text("scheduled_time") !== "";
        const createdS = record.number("creation_time");
        const beganS = isScheduled ? record.number("scheduled_time") : createdS;
        const runS = record.number("deletion_time") - beganS;
        if (runS < 0) sink.leaveOut("deleted before they began");
        else {
          sink.add({
            atMs: createdS * 1_000,
            count: 1,
            amounts: amountsOf({ cpuMilli, memMib, gpus: isPart ? 0 : gpus }),
            runMs: runS * 1_000,
            job: record.text("name"),
            ...(isPart ? { gpuMilli } : {}),
            ...(models.length === 0 ? {} : { gpuModels: Array.from(new Set(models)) }),
          });
        }
      }),
    end: () => {},
  }),
};
