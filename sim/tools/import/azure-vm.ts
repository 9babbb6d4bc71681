import { amountsOf, eachRecord, type TraceFormat, type TraceRecord } from "./trace-reader.ts";

/** Of `vmtable.csv`, which has no header; named as in the notebooks of Azure/AzurePublicDataset. */
const COLUMNS = [
  ...["vmid", "subscriptionid", "deploymentid", "vmcreated", "vmdeleted", "maxcpu", "avgcpu"],
  ...["p95maxcpu", "vmcategory", "vmcorecount", "vmmemory"],
] as const;

/**
 * Azure's VMs of 2017 and 2019 (Azure/AzurePublicDataset, AzurePublicDatasetV1.md and V2.md): a VM becomes a task, its
 * deployment a job. The 2019 table has buckets; what is above the last of them counts as 30 cores and 70 GB, as in
 * the dataset's own notebook. GB are taken as GiB. A VM that is there at the end of the 30 days runs on.
 */
export const AZURE_VM: TraceFormat = {
  name: "azure-vm",
  about: "Azure VM traces of 2017 and 2019: vmtable.csv",
  isLine: (cells) =>
    (cells.length === COLUMNS.length &&
      /^(Interactive|Delay-insensitive|Unknown)$/i.test(cells[8] ?? "")) ||
    cells[0] === "vmid",
  open: (sink) => ({
    file: (path, onRead) =>
      eachRecord(path, { columns: COLUMNS, onRead }, (record) => {
        if (record.text("vmid") === "vmid") return; // Somebody put a header on it.
        const createdS = record.number("vmcreated");
        const deletedS = record.number("vmdeleted");
        if (deletedS < createdS) {
          sink.leaveOut("deleted before they were created");
          return;
        }
        sink.add({
          atMs: createdS * 1_000,
          count: 1,
          amounts: amountsOf({
            cpuMilli: bucket(record, "vmcorecount", 30) * 1_000,
            memMib: bucket(record, "vmmemory", 70) * 1_024,
          }),
          // Readings are five minutes apart: nothing is shorter (the dataset's notebook says the same).
          runMs: deletedS >= LAST_READING_S ? Infinity : Math.max(300, deletedS - createdS) * 1_000,
          job: `${record.text("vmcategory").toLowerCase()}-${record.text("deploymentid").slice(0, 16)}`,
        });
      }),
    end: () => {},
  }),
};

/** The last VMs of the 2019 table are deleted then, of 2,592,000 s in all. */
const LAST_READING_S = 2_591_400;

function bucket(record: TraceRecord, column: string, aboveAll: number): number {
  return record.text(column).startsWith(">") ? aboveAll : record.number(column, 100_000);
}
