import { readFileSync, statSync } from "node:fs";
import type { RunReport } from "@bourse/engine/report/run-report";
import { ClusterError } from "@bourse/model/errors";
import { wrongShape } from "./report-shape.ts";

/** The largest usual report, of 200 agents' rows and 10,000 events, has 3 MiB. */
const BYTES_MAX = 256 * 1_048_576;

const VERSION = 1;
const MAKE_ONE = "make one with `bourse sim run ... -o json > run.json`";

/** Reads what `bourse sim run -o json` printed. Throws `not_found` or `invalid_call` and says what is wrong. */
export function readReport(path: string): RunReport {
  return parseReport(readText(path), path);
}

/** `name` is what messages call it. */
export function parseReport(text: string, name: string): RunReport {
  if (text.trim() === "") {
    throw new ClusterError("invalid_call", `${name} is empty`, { hint: MAKE_ONE });
  }
  const value = parseJson(text, name);
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format !== "bourse-sim-report") {
    throw new ClusterError("invalid_call", `${name} is no report of a simulated run`, {
      hint: MAKE_ONE,
    });
  }
  if (version !== VERSION) {
    throw new ClusterError(
      "unsupported",
      `${name} is a report of version ${String(version)}, this bourse reads version ${VERSION}`,
      {
        hint: "run the scenario again with this bourse, or read the report with the one that made it",
      },
    );
  }
  const problem = wrongShape(value);
  if (problem !== null) {
    throw new ClusterError("invalid_call", `${name} is damaged: ${problem}`, { hint: MAKE_ONE });
  }
  return value as RunReport;
}

function readText(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > BYTES_MAX) {
      throw new ClusterError(
        "invalid_call",
        `${path} has ${Math.round(size / 1_048_576)} MiB; no report is that large`,
        { hint: MAKE_ONE },
      );
    }
    return readFileSync(path, "utf8");
  } catch (thrown) {
    if (thrown instanceof ClusterError) throw thrown;
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT") {
      throw new ClusterError("not_found", `there is no file ${path}`, {
        cause: thrown,
        hint: MAKE_ONE,
      });
    }
    if (code === "EISDIR") {
      throw new ClusterError("invalid_call", `${path} is a directory, not a report`, {
        cause: thrown,
      });
    }
    throw new ClusterError("invalid_call", `${path} cannot be read: ${(thrown as Error).message}`, {
      cause: thrown,
    });
  }
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const isCut = !/[}\]]\s*$/.test(text) && /^\s*\{/.test(text);
    throw new ClusterError(
      "invalid_call",
      isCut ? `${name} ends in the middle: it was cut off` : `${name} is no JSON`,
      { cause, hint: isCut ? "write it again; was the disk full, or the run killed?" : MAKE_ONE },
    );
  }
}
