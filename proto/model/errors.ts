/**
 * Refusals of a request. One row a code: what a gRPC or HTTP edge answers, what the command line exits
 * with (FEATURES C-3), and whether the same request may be sent again.
 */
export const ERRORS = {
  invalid_call: { grpc: "INVALID_ARGUMENT", http: 400, exit: 2, retryable: false },
  not_subscribed: { grpc: "PERMISSION_DENIED", http: 403, exit: 1, retryable: false },
  unauthenticated: { grpc: "UNAUTHENTICATED", http: 401, exit: 5, retryable: false },
  forbidden: { grpc: "PERMISSION_DENIED", http: 403, exit: 5, retryable: false },
  not_found: { grpc: "NOT_FOUND", http: 404, exit: 3, retryable: false },
  conflict: { grpc: "FAILED_PRECONDITION", http: 409, exit: 4, retryable: false },
  /** The framework was torn down or its failover timeout ran out: its id can never return (N-06). */
  framework_completed: { grpc: "FAILED_PRECONDITION", http: 400, exit: 4, retryable: false },
  /** Another scheduler subscribed with the same framework id: this stream is over. */
  framework_failed_over: { grpc: "ABORTED", http: 400, exit: 4, retryable: false },
  /** The sender's epoch is lower than one already seen: it is a deposed leader. */
  stale_epoch: { grpc: "FAILED_PRECONDITION", http: 409, exit: 4, retryable: false },
  /** A peer let more than its bound of outbound bytes pile up. */
  stream_overflow: { grpc: "RESOURCE_EXHAUSTED", http: 503, exit: 1, retryable: true },
  timeout: { grpc: "DEADLINE_EXCEEDED", http: 504, exit: 6, retryable: true },
  not_leader: { grpc: "UNAVAILABLE", http: 307, exit: 7, retryable: true },
  no_leader: { grpc: "UNAVAILABLE", http: 503, exit: 7, retryable: true },
  recovering: { grpc: "UNAVAILABLE", http: 503, exit: 7, retryable: true },
  unreachable: { grpc: "UNAVAILABLE", http: 503, exit: 7, retryable: true },
  unsupported: { grpc: "UNIMPLEMENTED", http: 501, exit: 1, retryable: false },
  internal: { grpc: "INTERNAL", http: 500, exit: 1, retryable: false },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** A refusal as data: what the core returns and what crosses the wire. */
export interface Refusal {
  readonly code: ErrorCode;
  /** What was attempted, with ids; lower case, no full stop. */
  readonly message: string;
  /** The next thing to do or type, when there is one. */
  readonly hint?: string;
}

/** A refusal that shells and wire validation throw. The core returns a `Refusal` instead. */
export class ClusterError extends Error implements Refusal {
  override readonly name = "ClusterError";
  readonly code: ErrorCode;
  readonly hint?: string;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  toRefusal(): Refusal {
    return this.hint === undefined
      ? { code: this.code, message: this.message }
      : { code: this.code, message: this.message, hint: this.hint };
  }

  /** The one conversion at every edge: anything thrown becomes a coded error that keeps its cause. */
  static from(thrown: unknown): ClusterError {
    if (thrown instanceof ClusterError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new ClusterError("internal", message, { cause: thrown });
  }

  static of(refusal: Refusal): ClusterError {
    return new ClusterError(
      refusal.code,
      refusal.message,
      refusal.hint === undefined ? {} : { hint: refusal.hint },
    );
  }
}
