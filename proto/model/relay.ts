import type { Refusal } from "./errors.ts";
import type { FrameworkId, TaskId } from "./ids.ts";

/**
 * Logs, exec and calls to a framework go through the master, so that a user need not reach the agent's network
 * (FEATURES N-18, DESIGN D10). The master sends `OpenRelay` on the control stream of the agent or framework; that
 * side opens a Relay stream back, which the master pipes to the client: HTTP/2 gives the back-pressure.
 */
export interface OpenRelay {
  /** Unguessable; opens exactly one stream, within ten seconds. */
  readonly token: string;
  readonly request: RelayRequest;
}

export type RelayRequest =
  | {
      readonly kind: "logs";
      readonly frameworkId: FrameworkId;
      readonly taskId: TaskId;
      readonly isFollowing: boolean;
      /**
       * The last so many lines; absent = all. With both streams asked for, of both together where the runtime knows
       * their order (Docker, fake), of each where it keeps them apart (process).
       */
      readonly tailLines?: number;
      readonly hasStdout: boolean;
      readonly hasStderr: boolean;
    }
  | {
      readonly kind: "exec";
      readonly frameworkId: FrameworkId;
      readonly taskId: TaskId;
      readonly command: readonly string[];
      readonly isTty: boolean;
      readonly isInteractive: boolean;
    }
  /** A call to a framework's own service; the bytes are the framework's business (see runner.ts). */
  | { readonly kind: "call"; readonly method: string; readonly body: Uint8Array };

/** Pieces of a relay, in both directions. A side that is done sends `end` and closes. */
export type RelayFrame =
  /** First frame of the side that was asked to open the stream. */
  | { readonly kind: "attach"; readonly token: string }
  | { readonly kind: "stdin"; readonly data: Uint8Array }
  | { readonly kind: "stdin-end" }
  | { readonly kind: "resize"; readonly columns: number; readonly rows: number }
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "stdout"; readonly data: Uint8Array }
  | { readonly kind: "stderr"; readonly data: Uint8Array }
  /** A reply to `call`; a watching call gives many. */
  | { readonly kind: "reply"; readonly body: Uint8Array }
  | { readonly kind: "end"; readonly exitCode?: number; readonly refusal?: Refusal };
