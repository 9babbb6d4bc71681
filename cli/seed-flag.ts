import { ClusterError } from "@bourse/model/errors";

const SEED_LENGTH_MAX = 256;

/** Any text is a seed. Throws `invalid_call` for one that nobody typed. */
export function seedOf(text: string): string {
  if (text.length <= SEED_LENGTH_MAX) return text;
  throw new ClusterError("invalid_call", `--seed has ${text.length} characters`, {
    hint: `at most ${SEED_LENGTH_MAX}, e.g. 7`,
  });
}
