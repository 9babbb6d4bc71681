import { ClusterError, ERRORS, type ErrorCode } from "@bourse/model/errors";

/** Metadata of a failed call: our own code, of which several share one of gRPC, and the hint. */
const CODE_KEY = "bourse-code";
const HINT_KEY = "bourse-hint";

/** `google.rpc.Code`, as far as `ERRORS` names it. */
const GRPC_CODES = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const satisfies Record<(typeof ERRORS)[ErrorCode]["grpc"], number>;

/** How a call fails on the wire, as plain values. */
export interface CallStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata: readonly (readonly [key: string, value: string])[];
}

/** The one conversion of an error at the gRPC edge. */
export function callStatusOf(thrown: unknown): CallStatus {
  const error = ClusterError.from(thrown);
  return {
    code: GRPC_CODES[ERRORS[error.code].grpc],
    details: error.message,
    metadata: [
      [CODE_KEY, error.code],
      ...(error.hint === undefined ? [] : [[HINT_KEY, ascii(error.hint)] as const]),
    ],
  };
}

/** What a client is given when a call fails, as far as we read it; grpc-js calls it a ServiceError. */
export interface FailedCall {
  readonly message?: string;
  readonly details?: string;
  readonly metadata?: { get(key: string): readonly (string | Uint8Array)[] };
}

/** The way back: what the master said. Null: it said nothing, the failure is the transport's own. */
export function errorOfCall(failed: FailedCall): ClusterError | null {
  const code = metadataOf(failed, CODE_KEY);
  if (code === undefined || !Object.hasOwn(ERRORS, code)) return null;
  const hint = metadataOf(failed, HINT_KEY);
  return new ClusterError(
    code as ErrorCode,
    failed.details ?? failed.message ?? "",
    hint === undefined ? {} : { hint },
  );
}

function metadataOf(failed: FailedCall, key: string): string | undefined {
  return failed.metadata?.get(key)[0]?.toString();
}

/** Metadata carries printable ASCII only. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, "?");
}
