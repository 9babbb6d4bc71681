import type { RequestId } from "@bourse/model/ids";

export type WatchListSnapshot = readonly (readonly [RequestId, string])[];

/** Who watches which job. */
export class WatchList {
  readonly #jobOf = new Map<RequestId, string>();
  readonly #requestsOf = new Map<string, Set<RequestId>>();

  open(request: RequestId, jobId: string): void {
    this.#jobOf.set(request, jobId);
    const requests = this.#requestsOf.get(jobId);
    if (requests === undefined) this.#requestsOf.set(jobId, new Set([request]));
    else requests.add(request);
  }

  close(request: RequestId): void {
    const jobId = this.#jobOf.get(request);
    if (jobId === undefined) return;
    this.#jobOf.delete(request);
    const requests = this.#requestsOf.get(jobId);
    requests?.delete(request);
    if (requests?.size === 0) this.#requestsOf.delete(jobId);
  }

  /** Nothing more will change: all its watches are over. */
  ended(jobId: string): void {
    for (const request of this.#requestsOf.get(jobId) ?? []) this.#jobOf.delete(request);
    this.#requestsOf.delete(jobId);
  }

  of(jobId: string): Iterable<RequestId> {
    return this.#requestsOf.get(jobId) ?? [];
  }

  snapshot(): WatchListSnapshot {
    return Array.from(this.#jobOf);
  }

  restore(snapshot: WatchListSnapshot): void {
    for (const [request, jobId] of snapshot) this.open(request, jobId);
  }
}
