import type { Attribute } from "./agent.ts";
import { ClusterError } from "./errors.ts";
import { formatMilli } from "./resources.ts";
import { checkedScalarMilli, readRanges } from "./value-text.ts";

/**
 * Reads what an operator writes of an agent: `rack:r1;zone:a;level:3;ports:[1-2]` (FEATURES M-36). A number is a
 * scalar, brackets are ranges, all else is text. Throws `invalid_call`, naming `field` and the entry.
 */
export function parseAttributes(text: string, field = "attributes"): readonly Attribute[] {
  if (text.length > ATTRIBUTES_LENGTH_MAX)
    throw refusal(
      `${field}: at most ${ATTRIBUTES_LENGTH_MAX} characters, these are ${text.length}`,
    );
  const entries = text.split(";").filter((entry) => entry.trim() !== "");
  return entries.map((entry, index) => readEntry(entry.trim(), field, index + 1));
}

/** A value in words, as constraints and operators compare it. */
export function attributeText(value: Attribute["value"]): string {
  switch (value.type) {
    case "text":
      return value.text;
    case "scalar":
      return formatMilli(value.milli);
    case "ranges":
      return value.ranges.map(({ begin, end }) => `${begin}-${end}`).join(",");
  }
}

export const ATTRIBUTES_LENGTH_MAX = 65_536;

function readEntry(entry: string, field: string, position: number): Attribute {
  const shown = entry.length <= 60 ? entry : `${entry.slice(0, 57)}...`;
  const where = `${field}: entry ${position} \`${shown}\``;
  const colon = entry.indexOf(":");
  if (colon < 0) throw refusal(`${where}: an entry is written name:value`);
  const name = entry.slice(0, colon).trim();
  const value = entry.slice(colon + 1).trim();
  if (!/^[A-Za-z0-9_./-]{1,64}$/.test(name))
    throw refusal(`${where}: a name has letters, digits, _ . / and -, at most 64`);
  if (value === "") throw refusal(`${where}: the value is missing`);
  if (value.startsWith("["))
    return { name, value: { type: "ranges", ranges: readRanges(value, where, refusal) } };
  if (/^-?\d{1,12}(\.\d{1,16})?$/.test(value)) return { name, value: readScalar(value, where) };
  if (value.length > 256 || /\p{Cc}/u.test(value))
    throw refusal(`${where}: text has at most 256 characters and no control characters`);
  return { name, value: { type: "text", text: value } };
}

function readScalar(text: string, where: string): { type: "scalar"; milli: number } {
  const isNegative = text.startsWith("-");
  const milli = checkedScalarMilli(Number(isNegative ? text.slice(1) : text), where, refusal);
  return { type: "scalar", milli: isNegative && milli !== 0 ? -milli : milli };
}

function refusal(message: string): ClusterError {
  return new ClusterError("invalid_call", message, {
    hint: "write them like rack:r1;zone:a;level:3;ports:[1-2]",
  });
}
