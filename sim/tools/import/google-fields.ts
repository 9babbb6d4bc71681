import { ClusterError } from "@bourse/model/errors";
import type { TraceRecord } from "./trace-reader.ts";

/**
 * Fields of one record of the Google 2019 trace, whichever export it comes from: JSON lines (whole numbers are texts,
 * what is null is left out, resources are nested) or CSV (nested fields are columns with a dot or an underscore).
 */
export interface GoogleFields {
  /** Text of a field; empty when it is not there. */
  text(field: string): string;
  has(field: string): boolean;
  refusal(what: string, hint: string): ClusterError;
}

export class JsonFields implements GoogleFields {
  readonly #path: string;
  #value: Readonly<Record<string, unknown>> = {};
  #line = 0;

  constructor(path: string) {
    this.#path = path;
  }

  at(value: Readonly<Record<string, unknown>>, line: number): this {
    this.#value = value;
    this.#line = line;
    return this;
  }

  text(field: string): string {
    const value = this.#find(field);
    return value === undefined || value === null ? "" : String(value);
  }

  has(field: string): boolean {
    return this.#find(field) !== undefined;
  }

  refusal(what: string, hint: string): ClusterError {
    return new ClusterError("invalid_call", `${this.#path}:${this.#line}: ${what}`, { hint });
  }

  #find(field: string): unknown {
    const dot = field.indexOf(".");
    if (dot < 0) return this.#value[field];
    const outer = this.#value[field.slice(0, dot)];
    if (typeof outer !== "object" || outer === null) return undefined;
    return (outer as Readonly<Record<string, unknown>>)[field.slice(dot + 1)];
  }
}

export class CsvFields implements GoogleFields {
  record: TraceRecord;

  constructor(record: TraceRecord) {
    this.record = record;
  }

  text(field: string): string {
    const flat = field.replace(".", "_");
    return this.record.has(flat) ? this.record.text(flat) : this.record.text(field);
  }

  has(field: string): boolean {
    return this.record.has(field) || this.record.has(field.replace(".", "_"));
  }

  refusal(what: string, hint: string): ClusterError {
    return this.record.refusal(what, hint);
  }
}

/** A number that is not negative; `absent` when the field is not there (in the trace: null, or 0 left out). */
export function numberOf(fields: GoogleFields, field: string, absent: number): number {
  const text = fields.text(field);
  if (text === "") return absent;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw fields.refusal(
    `${field}: ${JSON.stringify(text.slice(0, 60))} is not allowed`,
    "write a number from 0",
  );
}

/** An enumeration's value as its number or its name. */
export function codeOf(
  fields: GoogleFields,
  field: string,
  names: readonly string[],
  absent: number,
): number {
  const text = fields.text(field);
  if (text === "") return absent;
  const named = names.indexOf(text);
  const code = named >= 0 ? named : Number(text);
  if (Number.isInteger(code) && code >= 0 && code < names.length) return code;
  throw fields.refusal(
    `${field}: ${JSON.stringify(text.slice(0, 60))} is not allowed`,
    `write a number from 0 to ${names.length - 1}, or ${names.join(", ")}`,
  );
}
