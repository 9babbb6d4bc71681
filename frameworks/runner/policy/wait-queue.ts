import type { AgentId } from "@bourse/model/ids";
import type { Resources } from "@bourse/model/resources";
import type { WaitReason } from "@bourse/model/runner";
import type { Job } from "./runner-io.ts";

/** Agents whose newest reason is kept for each shape. */
const AGENTS_MAX = 1_000;

interface Shape {
  readonly key: string;
  readonly resources: Resources;
  readonly ports: number;
  /** Ascending by sequence. Those before `head` are gone; one that was cancelled stays until it is met. */
  readonly waiting: { sequence: number; jobId: string }[];
  head: number;
  readonly reasons: Map<AgentId, WaitReason>;
}

export type ReasonsSnapshot = readonly (readonly [string, readonly WaitReason[]])[];

/**
 * Jobs that wait for an offer, oldest first. Jobs that want the same are one shape: what does not fit one fits none of
 * them, so an offer is measured once a shape, not once a job.
 */
export class WaitQueue {
  readonly #shapes = new Map<string, Shape>();
  readonly #waiting = new Map<string, string>();

  get size(): number {
    return this.#waiting.size;
  }

  has(jobId: string): boolean {
    return this.#waiting.has(jobId);
  }

  add(job: Job): void {
    const key = shapeKey(job);
    let shape = this.#shapes.get(key);
    if (shape === undefined) {
      const { resources, ports } = job;
      shape = { key, resources, ports, waiting: [], head: 0, reasons: new Map() };
      this.#shapes.set(key, shape);
    }
    const { waiting } = shape;
    let at = waiting.length;
    while (at > shape.head && (waiting[at - 1]?.sequence ?? 0) > job.sequence) at -= 1;
    waiting.splice(at, 0, { sequence: job.sequence, jobId: job.jobId });
    this.#waiting.set(job.jobId, key);
  }

  remove(jobId: string): void {
    const key = this.#waiting.get(jobId);
    if (key === undefined) return;
    this.#waiting.delete(jobId);
    const shape = this.#shapes.get(key);
    if (shape !== undefined && this.#headOf(shape) === null) this.#shapes.delete(key);
  }

  /** The oldest job whose shape is not among `excluded`, or null. */
  next(excluded: ReadonlySet<string>): { readonly jobId: string; readonly shape: string } | null {
    let best: { sequence: number; jobId: string } | null = null;
    let bestShape = "";
    for (const shape of this.#shapes.values()) {
      if (excluded.has(shape.key)) continue;
      const head = this.#headOf(shape);
      if (head === null || (best !== null && head.sequence > best.sequence)) continue;
      best = head;
      bestShape = shape.key;
    }
    return best === null ? null : { jobId: best.jobId, shape: bestShape };
  }

  explain(shapeOf: string, reason: WaitReason): void {
    const reasons = this.#shapes.get(shapeOf)?.reasons;
    if (reasons === undefined) return;
    reasons.delete(reason.agentId);
    reasons.set(reason.agentId, reason);
    if (reasons.size <= AGENTS_MAX) return;
    for (const oldest of reasons.keys()) {
      reasons.delete(oldest);
      return;
    }
  }

  /** Why the job waits: the newest word about each agent, oldest first. */
  reasonsFor(jobId: string): readonly WaitReason[] {
    const key = this.#waiting.get(jobId);
    const shape = key === undefined ? undefined : this.#shapes.get(key);
    return shape === undefined ? [] : Array.from(shape.reasons.values());
  }

  snapshotReasons(): ReasonsSnapshot {
    return Array.from(
      this.#shapes.values(),
      ({ key, reasons }) => [key, Array.from(reasons.values())] as const,
    );
  }

  /** After all jobs were added. */
  restoreReasons(snapshot: ReasonsSnapshot): void {
    for (const [key, reasons] of snapshot) for (const reason of reasons) this.explain(key, reason);
  }

  #headOf(shape: Shape): { sequence: number; jobId: string } | null {
    for (
      let head = shape.waiting[shape.head];
      head !== undefined;
      head = shape.waiting[shape.head]
    ) {
      if (this.#waiting.has(head.jobId)) return head;
      shape.head += 1;
      if (shape.head > 64 && shape.head * 2 > shape.waiting.length) {
        shape.waiting.splice(0, shape.head);
        shape.head = 0;
      }
    }
    return null;
  }
}

function shapeKey(job: Job): string {
  return JSON.stringify([job.resources, job.ports]);
}
