/** What a failed call to the engine means for the caller. */
export type EngineErrorKind = "away" | "not-found" | "conflict" | "refused";

/**
 * Sorts what dockerode throws. `away`: no answer, so nobody knows whether the call took effect; `conflict`: the
 * container is not in the state that the call needs; `refused`: the engine answered and will answer the same again.
 */
export function engineErrorKind(thrown: unknown): EngineErrorKind {
  const statusCode = (thrown as { statusCode?: unknown } | null)?.statusCode;
  if (typeof statusCode !== "number") return "away";
  if (statusCode === 404) return "not-found";
  if (statusCode === 409) return "conflict";
  return "refused";
}

/** The engine's own words without dockerode's "(HTTP code 404) no such container - " before them. */
export function engineErrorText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const json = (thrown as { json?: unknown }).json;
  if (typeof json === "object" && json !== null) {
    const message = (json as { message?: unknown }).message;
    if (typeof message === "string" && message !== "") return message.trim();
  }
  if (thrown.name === "AbortError") return "no answer in time";
  return thrown.message.replace(/^\(HTTP code \d+\) [^-]* - /, "").trim();
}

/** For events and refusals: what failed, why, and what to do when the engine is away. */
export function engineFailure(what: string, thrown: unknown): string {
  const text = `${what}: ${engineErrorText(thrown)}`;
  return engineErrorKind(thrown) === "away"
    ? `${text}; the Docker engine does not answer, is it running? try: docker info`
    : text;
}
