import { eachRecord, type TraceFormat } from "./trace-reader.ts";

/**
 * The machines of Alibaba PAI 2020 (`pai_machine_spec`, CC BY 4.0): no header; id, GPU model (CPU = none), cores,
 * memory in GB, GPUs. Taken as GiB.
 */
export const PAI_MACHINES: TraceFormat = {
  name: "pai2020-machines",
  about: "Alibaba PAI 2020: the inventory of machines",
  isLine: (cells) =>
    cells.length === 5 &&
    /^[0-9a-f]{24}$/.test(cells[0] ?? "") &&
    cells.slice(2).every((cell) => /^\d+$/.test(cell)),
  open: (sink) => ({
    file: (path, onRead) =>
      eachRecord(
        path,
        { columns: ["machine", "gpu_type", "cpu", "mem", "gpu"], onRead },
        (record) => {
          const gpus = record.number("gpu", 30);
          sink.machines.push({
            cpuMilli: record.number("cpu") * 1_000,
            memMib: record.number("mem") * 1_024,
            gpus,
            gpuModel: gpus > 0 ? record.text("gpu_type") : "",
            platform: "",
          });
        },
      ),
    end: () => {},
  }),
};
