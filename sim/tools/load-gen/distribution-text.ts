import { ClusterError } from "@bourse/model/errors";
import type { Distribution } from "./generator-spec.ts";

/** What the numbers of a law mean, how they are written, and within what bounds. */
export interface Unit {
  /** The value, or NaN when the text is none. */
  read(text: string): number;
  readonly from: number;
  readonly to: number;
  /** For a person: `a time like 250ms, 60s, 5m, 2h, 1d`. */
  readonly written: string;
}

/**
 * Reads a law as people write it: `60s`, `10s..2m` (evenly between), `0.5:60,1:30,4:10` (values with weights),
 * `exponential:MEAN[,MAX]`, `lognormal:MEDIAN,SIGMA[,MAX]`, `power:EXPONENT,FROM..TO`, `geometric:MEAN[,MAX]`. Throws
 * `invalid_call` that begins with `where`.
 */
export function readDistribution(text: string, unit: Unit, where: string): Distribution {
  const trimmed = text.trim();
  const law = /^([a-z-]+):(.*)$/.exec(trimmed);
  if (law !== null) return readLaw(law[1] ?? "", (law[2] ?? "").split(","), unit, where);
  if (trimmed.includes(":")) return readChoice(trimmed, unit, where);
  const range = trimmed.split("..");
  if (range.length === 2) {
    const [from, to] = readRange(trimmed, unit, where);
    return { kind: "uniform", from, to };
  }
  return { kind: "constant", value: readValue(trimmed, unit, where) };
}

function readLaw(name: string, args: readonly string[], unit: Unit, where: string): Distribution {
  const [first = "", second = "", third = ""] = args;
  const most = (text: string): number => (text === "" ? unit.to : readValue(text, unit, where));
  switch (name) {
    case "exponential":
      checkCount(args, 1, 2, "exponential:MEAN or exponential:MEAN,MAX", where);
      return { kind: "exponential", mean: readFinite(first, unit, where), max: most(second) };
    case "lognormal":
      checkCount(args, 2, 3, "lognormal:MEDIAN,SIGMA or lognormal:MEDIAN,SIGMA,MAX", where);
      return {
        kind: "lognormal",
        median: readFinite(first, unit, where),
        sigma: readNumber(second, 0, 10, "SIGMA", where),
        max: most(third),
      };
    case "power": {
      checkCount(args, 2, 2, "power:EXPONENT,FROM..TO", where);
      const [from, to] = readRange(second, unit, where);
      if (from <= 0) throw refusal(`${where}: a power law begins above 0`, "power:2,1..1000");
      return {
        kind: "power-law",
        exponent: readNumber(first, 1.001, 100, "EXPONENT", where),
        from,
        to,
      };
    }
    case "geometric":
      checkCount(args, 1, 2, "geometric:MEAN or geometric:MEAN,MAX", where);
      return { kind: "geometric", mean: readFinite(first, unit, where), max: most(second) };
    default:
      throw refusal(`${where}: ${JSON.stringify(name)} is no law`, LAWS);
  }
}

function readChoice(text: string, unit: Unit, where: string): Distribution {
  const of = text.split(",").map((part) => {
    const [value = "", weight = "", ...rest] = part.split(":");
    if (rest.length > 0 || weight === "") {
      throw refusal(`${where}: ${JSON.stringify(part)} is not written value:weight`, LAWS);
    }
    return {
      value: readValue(value, unit, where),
      weight: readNumber(weight, 0, 1e9, "a weight", where),
    };
  });
  if (of.every(({ weight }) => weight === 0)) {
    throw refusal(`${where}: all weights are 0`, "give at least one value a weight above 0");
  }
  return { kind: "choice", of };
}

function readRange(text: string, unit: Unit, where: string): readonly [from: number, to: number] {
  const [fromText = "", toText, ...rest] = text.split("..");
  if (toText === undefined || rest.length > 0) {
    throw refusal(`${where}: ${JSON.stringify(text)} is not written FROM..TO`, LAWS);
  }
  const from = readValue(fromText, unit, where);
  const to = readValue(toText, unit, where);
  if (!(from <= to && to < Infinity)) {
    throw refusal(`${where}: ${text} does not go upwards to an end`, "write the smaller one first");
  }
  return [from, to];
}

function readFinite(text: string, unit: Unit, where: string): number {
  const value = readValue(text, unit, where);
  if (value < Infinity) return value;
  throw refusal(`${where}: a law has no ${text} in it`, LAWS);
}

function readValue(text: string, unit: Unit, where: string): number {
  const value = unit.read(text.trim());
  if (value >= unit.from && value <= unit.to) return value;
  const hint = `write ${unit.written}; or a law: ${LAWS}`;
  throw refusal(`${where}: ${JSON.stringify(text)} is not allowed`, hint);
}

export function readNumber(
  text: string,
  from: number,
  to: number,
  name: string,
  where: string,
): number {
  const value = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  const hint = `write a number from ${from} to ${to}`;
  throw refusal(`${where}: ${name} is ${JSON.stringify(text)}`, hint);
}

function checkCount(
  args: readonly string[],
  from: number,
  to: number,
  written: string,
  where: string,
): void {
  if (args.length >= from && args.length <= to && args.every((text) => text !== "")) return;
  throw refusal(`${where}: it takes ${written}`, LAWS);
}

const LAWS =
  "60s, 10s..2m, 0.5:60,1:30 (value:weight), exponential:MEAN, lognormal:MEDIAN,SIGMA, power:EXPONENT,FROM..TO, geometric:MEAN";

export function refusal(message: string, hint: string): ClusterError {
  return new ClusterError("invalid_call", message, { hint });
}
