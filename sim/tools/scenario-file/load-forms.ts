import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { GENERATOR_SCHEMA } from "../load-gen/generator-schema.ts";
import { amounts } from "./amount-forms.ts";
import { duration, lifetime } from "./duration-forms.ts";
import { type Form, list, maybe, named, object, optional, required } from "./form.ts";
import { text, whole } from "./value-forms.ts";

/** What `sim run` can do at all. */
export const TASKS_MAX = 5_000_000;

/** Rows that stood elsewhere: in a load file, or in the laws of a generator. Put in their place before reading. */
export class LoadedRows {
  readonly rows: readonly LoadRow[];

  constructor(rows: readonly LoadRow[]) {
    this.rows = rows;
  }
}

const loadRow: Form<LoadRow> = named(
  "loadRow",
  object<LoadRow>({
    atMs: required("at", duration, "when the tasks arrive"),
    count: optional("count", whole(1, TASKS_MAX), 1, "how many"),
    amounts: required("size", amounts, "what one of them takes"),
    runMs: optional("run", lifetime, Number.POSITIVE_INFINITY, "from running to its end"),
    job: optional("job", text, "", "rows of one job say the same"),
    gpuMilli: maybe(
      "gpuMilli",
      whole(1, 1_000),
      "thousandths of one GPU, when it takes a part of one",
    ),
    gpuModels: maybe("gpuModels", list(text), "GPU models that will do"),
  }),
);

const loadRows = list(loadRow);

export const load: Form<readonly LoadRow[]> = {
  schema: {
    ...loadRows.schema,
    type: ["array", "string", "object"],
    minLength: 1,
    properties: { generate: GENERATOR_SCHEMA },
    required: ["generate"],
    additionalProperties: false,
    title: "a list of rows, the path of a load file, or { generate: ... }",
  },
  read: (value, place) => (value instanceof LoadedRows ? value.rows : loadRows.read(value, place)),
  write: loadRows.write,
};
