/**
 * A broken invariant is a bug: the process exits, its supervisor restarts it, state comes back from the
 * registry. Never used for a peer's bad input (that is a refusal, see errors.ts).
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Returns a value that must exist, or stops with what was expected. */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new AssertionError(`${what} must exist`);
  return value;
}

/** For the `default` of an exhaustive switch: the compiler lists the variants that are missing. */
export function unreachable(value: never): never {
  throw new AssertionError(`unexpected variant ${JSON.stringify(value)}`);
}

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}
