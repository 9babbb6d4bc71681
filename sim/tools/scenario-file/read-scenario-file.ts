import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { LoadRow } from "@bourse/engine/scenario/load-row";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import { ClusterError } from "@bourse/model/errors";
import { readLoadFile } from "../load-file/read-load-file.ts";
import { generateLoad } from "../load-gen/generate-load.ts";
import { type GeneratorText, readGenerator } from "../load-gen/generator-text.ts";
import { Place, type Problem } from "./form.ts";
import { LoadedRows } from "./load-forms.ts";
import { scenarioOf } from "./scenario-document.ts";
import { scenarioForm } from "./scenario-form.ts";
import { checkMeaning } from "./scenario-meaning.ts";
import { schemaProblems } from "./scenario-schema.ts";
import { YamlSource } from "./yaml-source.ts";

export interface ScenarioFile {
  readonly scenario: Scenario;
  /** What is odd and yet no error, a line each, with where it stands. */
  readonly warnings: readonly string[];
}

/** What is said instead of what the file says; chance follows from the seed that counts. */
export interface ScenarioChanges {
  readonly seed?: string | undefined;
  readonly durationMs?: number | undefined;
}

/** Longer than any that people write; the load of one that is longer belongs into a load file. */
const LENGTH_MAX = 64 * 1_048_576;

/**
 * Reads a scenario file: YAML (JSON is YAML too), validated against its schema and for what it means. Load files are
 * found from where the scenario is. Throws `invalid_call` whose message has a line `file:line:column: field: what is
 * wrong` for each error.
 */
export async function readScenarioFile(
  path: string,
  changes: ScenarioChanges = {},
): Promise<ScenarioFile> {
  return readScenario(await textOf(path), { name: path, directory: dirname(path), ...changes });
}

export interface ScenarioOrigin extends ScenarioChanges {
  /** Of the file, for messages. */
  readonly name: string;
  /** From where load files are found. */
  readonly directory: string;
}

export async function readScenario(text: string, origin: ScenarioOrigin): Promise<ScenarioFile> {
  const source = new YamlSource(text, origin.name);
  const data = withChanges(source.data, origin);
  const wrong = schemaProblems(data);
  if (wrong.length > 0) throw source.refusalOf(wrong);
  const errors: Problem[] = [];
  const warnings: Problem[] = [];
  const errorAt = new Place(errors);
  await putLoads(data, origin, { errors: errorAt, warnings: new Place(warnings) });
  if (errors.length > 0) throw source.refusalOf(errors);
  const document = scenarioForm.read(data, errorAt);
  if (errors.length > 0) throw source.refusalOf(errors);
  const scenario = scenarioOf(document);
  checkMeaning(scenario, document, { errors: errorAt, warnings: new Place(warnings) });
  if (errors.length > 0) throw source.refusalOf(errors);
  return { scenario, warnings: source.warningsOf(warnings) };
}

async function textOf(path: string): Promise<string> {
  if (/\.csv(\.gz)?$/i.test(path)) {
    throw new ClusterError("invalid_call", `${path} is a load file, and a run needs a scenario`, {
      hint: `write one with agents and a framework of kind batch whose \`load: ${basename(path)}\`; see sim/scenarios/smoke.yaml`,
    });
  }
  try {
    const bytes = await readFile(path);
    if (bytes.length <= LENGTH_MAX) return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const [why, hint] = FAILURES[code ?? ""] ?? [message, "check the path and who may read it"];
    throw new ClusterError("invalid_call", `cannot read ${path}: ${why}`, { cause: thrown, hint });
  }
  throw new ClusterError("invalid_call", `${path} is larger than ${LENGTH_MAX / 1_048_576} MiB`, {
    hint: "put its load into a load file and write its path: load: rows.csv.gz",
  });
}

const FAILURES: { readonly [code: string]: readonly [why: string, hint: string] } = {
  ENOENT: ["there is no such file", "examples are in sim/scenarios"],
  EISDIR: ["it is a directory", "name a file in it"],
  EACCES: ["no permission", "check who may read it"],
  ERR_ENCODING_INVALID_ENCODED_DATA: ["it is no text", "a scenario is YAML, in UTF-8"],
};

function withChanges(data: object, { seed, durationMs }: ScenarioChanges): object {
  return {
    ...data,
    ...(seed === undefined ? {} : { seed }),
    ...(durationMs === undefined ? {} : { duration: `${durationMs}ms` }),
  };
}

interface Places {
  readonly errors: Place;
  readonly warnings: Place;
}

/** Replaces, in the data that the schema has let pass, loads that are elsewhere by their rows. */
async function putLoads(data: object, origin: ScenarioOrigin, places: Places): Promise<void> {
  const { frameworks = [], seed = "1" } = data as {
    frameworks?: readonly { name: string; load?: unknown }[];
    seed?: string | number;
  };
  for (const [index, framework] of frameworks.entries()) {
    const { load, name } = framework;
    if (load === undefined || Array.isArray(load)) continue;
    const path = ["frameworks", index, "load"] as const;
    const errors = places.errors.in(...path);
    try {
      const rows =
        typeof load === "string"
          ? await rowsOfFile(resolve(origin.directory, load), places.warnings.in(...path))
          : generatedRows((load as { generate: GeneratorText }).generate, `${seed}/${name}`);
      framework.load = new LoadedRows(rows);
    } catch (thrown) {
      if (!(thrown instanceof ClusterError)) throw thrown;
      const { message, hint } = thrown;
      errors.refuse(hint === undefined ? message : `${message} (${hint})`);
    }
  }
}

async function rowsOfFile(path: string, warnings: Place): Promise<readonly LoadRow[]> {
  return readLoadFile(path, { warn: (text) => warnings.refuse(text) });
}

function generatedRows(text: GeneratorText, seed: string): readonly LoadRow[] {
  return generateLoad(readGenerator(text), seed);
}
