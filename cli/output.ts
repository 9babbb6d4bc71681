import type { Amount } from "@bourse/model/quota";
import {
  addValues,
  formatMilli,
  type Resource,
  type Resources,
  type ResourceValue,
  rangesOf,
  scalarMilli,
} from "@bourse/model/resources";
import { stringify } from "yaml";
import type { Context } from "./context.ts";

/** One column of a table; the same rows are printed whole as JSON or YAML. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: "right";
}

/** Prints a list: a table, ids only with -q, or the data as it is (FEATURES C-2: machine output on stdout only). */
export function printList<Row>(
  context: Context,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  idOf: (row: Row) => string,
): void {
  process.stdout.write(renderList(context, rows, columns, idOf));
}

export function renderList<Row>(
  context: Context,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  idOf: (row: Row) => string,
): string {
  if (context.isQuiet) return rows.map((row) => `${idOf(row)}\n`).join("");
  if (context.output === "table") return renderTable(context, rows, columns);
  return renderData(context, rows);
}

/** One object, whole: indented `key: value` text for people (YAML is exactly that), or JSON. */
export function printObject(context: Context, value: unknown): void {
  process.stdout.write(
    context.output === "json" ? renderData(context, value) : stringify(plain(value)),
  );
}

export function renderData(context: Context, value: unknown): string {
  return context.output === "yaml"
    ? stringify(plain(value))
    : `${JSON.stringify(plain(value), null, 2)}\n`;
}

function renderTable<Row>(
  context: Context,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.value(row))));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((line) => (line[index] ?? "").length)),
  );
  const layOut = (line: readonly string[]): string =>
    line
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        if (columns[index]?.align === "right") return cell.padStart(width);
        return index === columns.length - 1 ? cell : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  const header = context.colors.bold(layOut(columns.map((column) => column.title)));
  return [header, ...cells.map(layOut)].map((line) => `${line}\n`).join("");
}

/** Data as JSON knows it: maps become objects, bytes become base64, resources read as users write them. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Map) {
    return Object.fromEntries(Array.from(value, ([key, item]) => [String(key), plain(item)]));
  }
  if (Array.isArray(value)) {
    if (isAmounts(value)) return plainAmounts(value as readonly Amount[]);
    return isResources(value) ? plainResources(value as Resources) : value.map(plain);
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(
          ([, item]) => item !== undefined && !(item instanceof Uint8Array && item.length === 0),
        )
        .map(([key, item]) => [key, isNothing(value, key, item) ? {} : plain(item)]),
    );
  }
  return value;
}

const RESOURCE_FIELDS: ReadonlySet<string> = new Set([
  ...["total", "offered", "allocated", "reserved", "resources", "free", "refused", "wanted"],
  ...["consumed", "guarantees", "shortfalls"],
]);

/** An empty list does not tell of what: resources are an object also when there are none, for whoever reads `.cpus`. */
function isNothing(owner: object, key: string, item: unknown): boolean {
  if (!Array.isArray(item) || item.length > 0) return false;
  return RESOURCE_FIELDS.has(key) || (key === "limits" && "guarantees" in owner);
}

function isResources(list: readonly unknown[]): boolean {
  return (
    list.length > 0 &&
    list.every(
      (item) =>
        typeof item === "object" &&
        item !== null &&
        "name" in item &&
        "value" in item &&
        typeof item.value === "object" &&
        item.value !== null &&
        "type" in item.value &&
        ["scalar", "ranges", "set"].includes(String(item.value.type)) &&
        !("text" in item.value),
    )
  );
}

/** Amounts of a quota: `{name, milli}` and nothing else. */
function isAmounts(list: readonly unknown[]): boolean {
  return (
    list.length > 0 &&
    list.every(
      (item) =>
        typeof item === "object" &&
        item !== null &&
        Object.keys(item).sort().join() === "milli,name",
    )
  );
}

function plainAmounts(amounts: readonly Amount[]): Record<string, number> {
  return Object.fromEntries(amounts.map(({ name, milli }) => [name, milli / 1000]));
}

/** `{cpus: 1.5, ports: "31000-31009"}` with names as `kindText` has them; kinds of one name are added up. */
function plainResources(resources: Resources): Record<string, unknown> {
  const plainOf = (value: ResourceValue): unknown =>
    value.type === "scalar"
      ? value.milli / 1000
      : value.type === "ranges"
        ? rangesText(value)
        : value.items;
  return Object.fromEntries(
    Array.from(byKindText(resources), ([name, value]) => [name, plainOf(value)]),
  );
}

/** As users write them: `cpus(eng):2;disk(eng)[db-1]:512;ports:[31000-31009]`; nothing as `-`. */
export function resourcesText(resources: Resources): string {
  const textOf = (value: ResourceValue): string =>
    value.type === "scalar"
      ? formatMilli(value.milli)
      : value.type === "ranges"
        ? `[${rangesText(value)}]`
        : `{${value.items.join(",")}}`;
  const texts = Array.from(byKindText(resources), ([name, value]) => `${name}:${textOf(value)}`);
  return texts.join(";") || "-";
}

function byKindText(resources: Resources): ReadonlyMap<string, ResourceValue> {
  const values = new Map<string, ResourceValue>();
  for (const resource of resources) {
    const name = kindText(resource);
    const other = values.get(name);
    const isAlike = other !== undefined && other.type === resource.value.type;
    values.set(name, isAlike ? addValues(other, resource.value) : resource.value);
  }
  return new Map(Array.from(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `cpus(eng)` is reserved, `disk(eng)[db-1]` a volume; revocable and shared resources say so behind. */
function kindText({ name, reservations, disk, isShared, isRevocable }: Resource): string {
  const role = reservations?.at(-1)?.role;
  const volume = disk?.persistence?.id ?? disk?.source?.root;
  return [
    name,
    role === undefined ? "" : `(${role})`,
    volume === undefined ? "" : `[${volume}]`,
    isRevocable ? "{revocable}" : "",
    isShared ? "{shared}" : "",
  ].join("");
}

function rangesText({ ranges }: Extract<ResourceValue, { type: "ranges" }>): string {
  return ranges.map(({ begin, end }) => `${begin}-${end}`).join(",");
}

export function cpusOf(resources: Resources): string {
  return formatMilli(scalarMilli(resources, "cpus"));
}

/** Mebibytes, or gibibytes with one decimal from 10 GiB on. */
export function memOf(resources: Resources): string {
  const mib = scalarMilli(resources, "mem") / 1000;
  return mib >= 10 * 1024 ? `${(mib / 1024).toFixed(1)}G` : `${Math.round(mib)}M`;
}

export function portsOf(resources: Resources): string {
  return rangesOf(resources, "ports")
    .map(({ begin, end }) => (begin === end ? String(begin) : `${begin}-${end}`))
    .join(",");
}

/** How long ago, in the largest whole unit: `12s`, `3m`, `2h`, `5d`. */
export function age(fromMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - fromMs) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** Control characters of a peer's text never reach the terminal, nor do those that turn its direction or hide. */
export function printable(text: string): string {
  return text.replace(
    /[^\x20-\x7e\u00a0-\uffff]|[\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    " ",
  );
}
