import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { ClusterError } from "@bourse/model/errors";
import type { Amount } from "@bourse/model/quota";
import { CPUS, GPUS, MEMORY, readMs, TASKS, TIME } from "../load-gen/units.ts";

/** Whether it is tasks in words, and not the name of a load file. */
export function isSubmissionText(text: string): boolean {
  return /^\s*\d+\s*x(\s|$)/.test(text);
}

/** `100x cpus=1,mem=512MiB,run=10m`: so many tasks, all at once. `run` left out = for ever. Throws `invalid_call`. */
export function submissionOf(text: string): LoadRow {
  const [, digits = "", rest = ""] = /^\s*(\d+)\s*x\s*(.*)$/s.exec(text) ?? [];
  const count = TASKS.read(digits);
  if (!(count >= TASKS.from && count <= TASKS.to))
    throw refusal(text, `${digits} are no ${TASKS.written}`);
  const amounts: Amount[] = [];
  let runMs = Number.POSITIVE_INFINITY;
  let atMs = 0;
  const seen = new Set<string>();
  for (const part of rest.split(",").map((one) => one.trim())) {
    const [, name = "", value = ""] = /^([a-z]+)=(.+)$/.exec(part) ?? [];
    if (seen.has(name)) throw refusal(text, `${name} is said twice`);
    seen.add(name);
    switch (name) {
      case "cpus":
        amounts.push(amountOf(text, name, value, CPUS, 1));
        break;
      case "mem":
      case "disk":
        amounts.push(amountOf(text, name, value, MEMORY, 1));
        break;
      case "gpus":
        amounts.push(amountOf(text, name, value, GPUS, 1_000));
        break;
      case "run":
        runMs = TIME.read(value);
        if (Number.isNaN(runMs)) throw refusal(text, `${value} is no ${TIME.written}`);
        break;
      case "at":
        atMs = readMs(value);
        if (Number.isNaN(atMs)) throw refusal(text, `${value} is no ${TIME.written}`);
        break;
      default:
        throw refusal(text, `${JSON.stringify(part)} is none of its parts`);
    }
  }
  if (amounts.length === 0) throw refusal(text, "it takes nothing");
  amounts.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { atMs, count, amounts, runMs, job: "" };
}

/** `stepMilli`: amounts are a whole number of these. */
function amountOf(
  text: string,
  name: string,
  value: string,
  unit: { read(text: string): number; readonly to: number; readonly written: string },
  stepMilli: number,
): Amount {
  const milli = Math.round(unit.read(value) * 1_000);
  if (milli > 0 && milli <= unit.to * 1_000 && milli % stepMilli === 0) return { name, milli };
  throw refusal(
    text,
    `${name}=${value} is no ${stepMilli === 1_000 ? "whole number of " : ""}${unit.written}`,
  );
}

function refusal(text: string, why: string): ClusterError {
  return new ClusterError("invalid_call", `--submit ${JSON.stringify(text)}: ${why}`, {
    hint: "write tasks like '100x cpus=1,mem=512MiB,run=10m' (also disk, gpus, at), or name a load file",
  });
}
