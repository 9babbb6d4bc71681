import { millisecondsOf } from "@bourse/model/duration-text";
import { ClusterError } from "@bourse/model/errors";
import type { Visitor } from "./walk.ts";

/** Where in a journal to stop. */
export type Until =
  /** After this input of the master of this epoch; null = of whichever comes first to it. */
  | { readonly kind: "position"; readonly epoch: number | null; readonly position: number }
  | { readonly kind: "time"; readonly wallMs: number }
  /** So long after the first input. */
  | { readonly kind: "offset"; readonly offsetMs: number };

/** `1234` or `3.1234` (as `bourse master status` tells its version), `2026-11-21T17:03:00Z`, `+90s`. */
export function untilOf(text: string): Until {
  const trimmed = text.trim();
  const [, epoch, position] = /^(?:(\d{1,10})\.)?(\d{1,15})$/.exec(trimmed) ?? [];
  if (position !== undefined) {
    const at = { kind: "position", position: Number(position) } as const;
    return { ...at, epoch: epoch === undefined ? null : Number(epoch) };
  }
  const offsetMs = millisecondsOf(trimmed.replace(/^\+/, ""));
  if (!Number.isNaN(offsetMs)) return { kind: "offset", offsetMs };
  const wallMs = /^\d{4}-\d{2}-\d{2}/.test(trimmed) ? Date.parse(trimmed) : Number.NaN;
  if (!Number.isNaN(wallMs)) return { kind: "time", wallMs };
  throw new ClusterError("invalid_call", `--until ${JSON.stringify(text)} is no moment`, {
    hint: "write an input's number (1234, or 3.1234 of the master of epoch 3), a time like 2026-11-21T17:03:00Z, or +90s from the beginning",
  });
}

/** Ends a walk at its moment: all that had happened by then is applied, nothing later. */
export class Stop implements Visitor {
  readonly #until: Until;
  #firstMs: number | null = null;
  /** Wall clock of the moment, when a time was asked for. */
  wallMs: number | null = null;
  /** Whether the walk came to it. */
  isReached = false;

  constructor(until: Until) {
    this.#until = until;
  }

  before: NonNullable<Visitor["before"]> = ({ epoch, position }, { now }) => {
    this.#firstMs ??= now.wallMs;
    switch (this.#until.kind) {
      case "position":
        this.isReached = this.#isOf(epoch) && position >= this.#until.position;
        break;
      case "time":
        this.wallMs = this.#until.wallMs;
        this.isReached = now.wallMs > this.wallMs;
        break;
      case "offset":
        this.wallMs = this.#firstMs + this.#until.offsetMs;
        this.isReached = now.wallMs > this.wallMs;
        break;
    }
    return this.isReached;
  };

  closed: NonNullable<Visitor["closed"]> = ({ epoch, position }) => {
    if (this.#until.kind !== "position" || !this.#isOf(epoch)) return false;
    this.isReached ||= position >= this.#until.position;
    return this.isReached;
  };

  #isOf(epoch: number): boolean {
    return this.#until.kind === "position" && (this.#until.epoch ?? epoch) === epoch;
  }
}
