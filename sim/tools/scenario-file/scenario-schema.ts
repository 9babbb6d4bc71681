import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { MISTAKEN_NAMES } from "./amount-forms.ts";
import { definitions, type JsonSchema, type Path, type Problem } from "./form.ts";
import { scenarioForm } from "./scenario-form.ts";
import { didYouMean } from "./suggestion.ts";

/** What is published as `scenario.schema.json`, and what validates. */
export function scenarioSchema(): JsonSchema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Bourse simulation scenario",
    description: "A cluster, its frameworks and what happens to it: `bourse sim run FILE`.",
    ...scenarioForm.schema,
    definitions: definitions(),
  };
}

/** Everything that a schema can find wrong with a document. */
export function schemaProblems(data: unknown): readonly Problem[] {
  validator ??= new Ajv({
    allErrors: true,
    allowUnionTypes: true,
    discriminator: true,
    strict: true,
    strictRequired: false,
    verbose: true,
  }).compile(scenarioSchema());
  if (validator(data)) return [];
  const problems = new Map<string, Problem>();
  for (const error of validator.errors ?? []) {
    if (error.propertyName !== undefined) continue; // Of a name: the error of its object says it too.
    const problem = problemOf(error, data);
    const isOwn = problem.isOnKey === true || error.keyword === "required";
    const key = JSON.stringify([problem.path, isOwn ? problem.message : ""]);
    if (!problems.has(key)) problems.set(key, problem);
  }
  const found = Array.from(problems.values());
  // Of a field that is not there its value does not matter.
  const unknown = new Set(found.filter((one) => one.isOnKey).map(({ path }) => path.join("/")));
  return found.filter(({ path, isOnKey }) => isOnKey || !unknown.has(path.join("/")));
}

let validator: ValidateFunction | undefined;

function problemOf(error: ErrorObject, data: unknown): Problem {
  const path = pathOf(error.instancePath, data);
  const schema = (error.parentSchema ?? {}) as JsonSchema;
  const properties = (schema.properties ?? {}) as { readonly [key: string]: JsonSchema };
  switch (error.keyword) {
    case "required": {
      const key = String(error.params.missingProperty);
      if (error.params.missingProperty === undefined) break;
      const what = String(properties[key]?.description ?? "");
      return { path, message: `${key} is missing${what === "" ? "" : `: ${what}`}` };
    }
    case "additionalProperties": {
      const key = String(error.params.additionalProperty);
      const known = Object.keys(properties);
      return {
        path: [...path, key],
        message: `there is no such field${didYouMean(key, known)}`,
        isOnKey: true,
      };
    }
    case "propertyNames": {
      const name = String(error.params.propertyName);
      const meant = MISTAKEN_NAMES.get(name);
      const message =
        meant === undefined
          ? "a name has letters, digits, _ . and -, at most 64"
          : `there is no such resource; did you mean ${meant}?`;
      return { path: [...path, name], message, isOnKey: true };
    }
    case "discriminator": {
      const known = kindsOf(schema);
      const { tag, tagValue } = error.params as { tag: string; tagValue?: unknown };
      if (tagValue === undefined) return { path, message: `${tag} is missing: ${listed(known)}` };
      return { path: [...path, tag], message: notOneOf(tagValue, known) };
    }
    case "enum":
      return { path, message: notOneOf(error.data, schema.enum as readonly string[]) };
    case "minItems":
      return { path, message: "at least one is needed" };
  }
  return { path, message: `${shown(error.data)} is not ${wordsFor(schema) || error.message}` };
}

function wordsFor(schema: JsonSchema | undefined): string {
  if (schema === undefined) return "";
  return String(
    schema.title ?? schema.description ?? (schema.type === "object" ? "an object with fields" : ""),
  );
}

function kindsOf({ oneOf }: JsonSchema): readonly string[] {
  return (oneOf as readonly { properties: { kind: { const: string } } }[]).map(
    ({ properties }) => properties.kind.const,
  );
}

function notOneOf(value: unknown, known: readonly string[]): string {
  const hint = typeof value === "string" ? didYouMean(value, known) : "";
  return `${shown(value)} is not ${listed(known)}${hint.startsWith("; did") ? hint : ""}`;
}

function listed(words: readonly string[]): string {
  return words.length === 1 ? String(words[0]) : `one of ${words.join(", ")}`;
}

function shown(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

/** A JSON pointer has text only; where the document has a list, the step is a number. */
function pathOf(pointer: string, data: unknown): Path {
  let node = data;
  return pointer
    .split("/")
    .slice(1)
    .map((part) => {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      const step = Array.isArray(node) ? Number(key) : key;
      node = (node as Record<string, unknown> | null)?.[key];
      return step;
    });
}
