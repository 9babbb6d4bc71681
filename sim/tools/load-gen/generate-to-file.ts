import { ClusterError } from "@bourse/model/errors";
import type { LoadTotals } from "../load-file/load-summary.ts";
import { writeLoadFile } from "../load-file/write-load-file.ts";
import { generateLoad } from "./generate-load.ts";
import { type GeneratorText, readGenerator } from "./generator-text.ts";

const SEED_LENGTH_MAX = 256;

/** Generates a load, writes it to a file, or to stdout for `path: null`, and says what it comes to. */
export async function generateToFile(
  text: GeneratorText,
  options: { readonly seed: string; readonly path: string | null },
): Promise<LoadTotals> {
  const { seed, path } = options;
  if (seed.length > SEED_LENGTH_MAX) {
    throw new ClusterError("invalid_call", `the seed has ${seed.length} characters`, {
      hint: `at most ${SEED_LENGTH_MAX}`,
    });
  }
  return writeLoadFile(path, generateLoad(readGenerator(text), seed));
}
