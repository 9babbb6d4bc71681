import { ClusterError } from "@bourse/model/errors";
import type { Amount } from "@bourse/model/quota";
import { formatMilli } from "@bourse/model/resources";
import { readScalarMilli } from "@bourse/model/value-text";

/**
 * Scalars as users write them, `cpus:10;mem:1024`, sorted by name; `none` is an empty list. Unlike resources, a zero
 * means something here: a limit of 0 forbids.
 */
export function parseAmounts(text: string, flag: string): readonly Amount[] {
  if (text.trim() === "none") return [];
  const amounts = text
    .split(";")
    .filter((entry) => entry.trim() !== "")
    .map((entry) => readAmount(entry.trim(), flag))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (amounts.length === 0) throw refusal(`${flag} ${JSON.stringify(text)} names nothing`);
  for (const [index, { name }] of amounts.entries())
    if (amounts[index + 1]?.name === name) throw refusal(`${flag} names ${name} twice`);
  return amounts;
}

/** `cpus:10;mem:1024`; nothing as `-`. */
export function formatAmounts(amounts: readonly Amount[]): string {
  if (amounts.length === 0) return "-";
  return amounts.map(({ name, milli }) => `${name}:${formatMilli(milli)}`).join(";");
}

function readAmount(entry: string, flag: string): Amount {
  const [, name = "", value = ""] = /^([A-Za-z0-9_.-]{1,64})\s*:\s*(.*)$/s.exec(entry) ?? [];
  const where = `${flag} ${JSON.stringify(entry)}`;
  if (name === "") throw refusal(`${where} is not written name:value`);
  if (name === "ports") throw refusal(`${where}: only scalars can be counted, ports are ranges`);
  return { name, milli: readScalarMilli(value, where, refusal) };
}

function refusal(message: string): ClusterError {
  return new ClusterError("invalid_call", message, {
    hint: "write them like cpus:10;mem:1024 (quote the ; for the shell), or none",
  });
}
