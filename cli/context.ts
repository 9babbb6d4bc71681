import { DURATION_UNITS_MS, millisecondsOf } from "@bourse/model/duration-text";
import { ClusterError } from "@bourse/model/errors";
import { type Command, Option } from "commander";
import pc from "picocolors";
import type { OperatorClient } from "./client.ts";

/** The flags that every command understands (FEATURES C-1), validated. */
export interface Context {
  readonly masters: readonly string[];
  readonly output: OutputFormat;
  readonly isQuiet: boolean;
  readonly isWatching: boolean;
  readonly timeoutMs: number;
  readonly colors: Colors;
}

export type Colors = ReturnType<typeof pc.createColors>;

export const OUTPUT_FORMATS = ["table", "json", "yaml"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const MASTER_DEFAULT = "127.0.0.1:5050";

/** As commander hands them over. */
export interface GlobalFlags {
  readonly master?: string;
  readonly output?: string;
  readonly quiet?: boolean;
  readonly watch?: boolean;
  readonly color?: boolean;
  readonly timeout?: string;
}

export function globalOptions(): readonly Option[] {
  return [
    new Option("--master <addresses>", "masters, host:port, with commas (env BOURSE_MASTER)"),
    new Option("-o, --output <format>", "table, json or yaml"),
    new Option("-q, --quiet", "ids only"),
    new Option("-w, --watch", "draw lists again after every change"),
    new Option("--timeout <duration>", "how long to wait for an answer, e.g. 5s"),
    new Option("--no-color", "no colours (also NO_COLOR)"),
  ];
}

/** The context of a command: the flags of all levels together, the innermost first. */
export function contextFor(command: Command): Context {
  let flags: GlobalFlags = {};
  for (let level: Command | null = command; level !== null; level = level.parent) {
    const own = level.opts<GlobalFlags>();
    flags = { ...own, ...flags, color: own.color !== false && flags.color !== false };
  }
  return contextOf(flags);
}

export function contextOf(flags: GlobalFlags): Context {
  const masters = mastersOf(flags.master ?? process.env.BOURSE_MASTER ?? MASTER_DEFAULT);
  const output = flags.output ?? "table";
  if (!isOutputFormat(output)) {
    throw new ClusterError("invalid_call", `--output ${output} is not a format`, {
      hint: `take one of ${OUTPUT_FORMATS.join(", ")}`,
    });
  }
  const timeoutMs = durationMs(flags.timeout ?? "30s", "--timeout");
  const hasColor =
    flags.color !== false && process.env.NO_COLOR === undefined && process.stdout.isTTY === true;
  return {
    masters,
    output,
    isQuiet: flags.quiet === true,
    isWatching: flags.watch === true,
    timeoutMs,
    colors: pc.createColors(hasColor),
  };
}

/** Runs with a client and closes it, whatever happens. The wire is loaded only here: help needs none. */
export async function withClient<T>(
  context: Context,
  use: (client: OperatorClient) => Promise<T>,
): Promise<T> {
  const { OperatorClient } = await import("./client.ts");
  const client = new OperatorClient(context.masters, context.timeoutMs);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** `host:port[,host:port]`; a scheme is accepted and dropped. */
export function mastersOf(text: string): readonly string[] {
  return text.split(",").map((part) => {
    const address = part
      .trim()
      .replace(/^(https?|grpc):\/\//, "")
      .replace(/\/$/, "");
    const match = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(address);
    if (match === null || Number(match[2]) < 1 || Number(match[2]) > 65535) {
      throw new ClusterError("invalid_call", `--master ${JSON.stringify(part)} is not an address`, {
        hint: "write host:port, e.g. 127.0.0.1:5050; several are separated by commas",
      });
    }
    return address;
  });
}

const DURATION_MS_MAX = 365 * DURATION_UNITS_MS.d;

/** `250ms`, `5s`, `2m`, `1h`; a bare number counts as seconds. */
export function durationMs(text: string, flag: string): number {
  const milliseconds = millisecondsOf(text.trim(), "s");
  if (Number.isNaN(milliseconds) || milliseconds > DURATION_MS_MAX) {
    throw new ClusterError("invalid_call", `${flag} ${JSON.stringify(text)} is not a duration`, {
      hint: "write a number with ms, s, m, h or d, at most 365d; e.g. 1.5s",
    });
  }
  return milliseconds;
}

/** For a flag that may be repeated. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** A whole number within bounds. */
export function integerOf(text: string, flag: string, from: number, to: number): number {
  const value = /^-?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(value >= from && value <= to)) {
    throw new ClusterError("invalid_call", `${flag} ${JSON.stringify(text)} is not acceptable`, {
      hint: `take a whole number from ${from} to ${to}`,
    });
  }
  return value;
}

function isOutputFormat(text: string): text is OutputFormat {
  return (OUTPUT_FORMATS as readonly string[]).includes(text);
}
