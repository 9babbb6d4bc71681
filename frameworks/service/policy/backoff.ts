import type { ServiceConfig } from "./service-config.ts";

export type BackoffConfig = Pick<
  ServiceConfig,
  "backoffMs" | "backoffFactor" | "backoffMaxMs" | "backoffResetMs"
>;

export interface BackoffSnapshot {
  readonly delayMs: number;
  readonly retryAtMs: number;
  readonly failures: number;
}

/** How long a service waits before the next launch: longer with every failure (FEATURES MA-6). */
export class Backoff {
  readonly #config: BackoffConfig;
  #delayMs = 0;
  #retryAtMs = 0;
  #failures = 0;

  constructor(config: BackoffConfig) {
    this.#config = config;
  }

  static restore(config: BackoffConfig, snapshot: BackoffSnapshot): Backoff {
    const backoff = new Backoff(config);
    backoff.#delayMs = snapshot.delayMs;
    backoff.#retryAtMs = snapshot.retryAtMs;
    backoff.#failures = snapshot.failures;
    return backoff;
  }

  snapshot(): BackoffSnapshot {
    return { delayMs: this.#delayMs, retryAtMs: this.#retryAtMs, failures: this.#failures };
  }

  get retryAtMs(): number {
    return this.#retryAtMs;
  }

  /** Rounds of failures in a row, without `backoffResetMs` of quiet between them. */
  get failures(): number {
    return this.#failures;
  }

  /** Failures while a wait runs belong to the launches before it: a thousand at once are one round. */
  failed(nowMs: number): void {
    if (nowMs < this.#retryAtMs) return;
    const { backoffMs, backoffFactor, backoffMaxMs, backoffResetMs } = this.#config;
    const isFirst = this.#failures === 0 || nowMs >= this.#retryAtMs + backoffResetMs;
    this.#failures = isFirst ? 1 : this.#failures + 1;
    this.#delayMs = isFirst
      ? Math.min(backoffMs, backoffMaxMs)
      : Math.min(Math.ceil(this.#delayMs * backoffFactor), backoffMaxMs);
    this.#retryAtMs = nowMs + this.#delayMs;
  }
}
