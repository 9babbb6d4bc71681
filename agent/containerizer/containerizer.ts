import type { HealthCheckSpec } from "@bourse/model/container";
import type { ContainerId } from "@bourse/model/ids";
import type { ContainerLaunch } from "@bourse/task/effects";
import type { ContainerEvent, FoundContainer } from "@bourse/task/inputs";
import type { VolumePath } from "./volume-mounts.ts";

/**
 * Where containers run. An adapter (docker/, process/, fake/) does what the task core decided and tells what
 * became of each container; it never decides, restarts or gives up on one by itself. `containerizer-contract.ts`
 * is the promise in tests, and every adapter runs it.
 *
 * Life of one: `launch` -> `starting` -> `started` or `launch-failed`; `started` -> `exited`. Each event comes at
 * most once, in this order, through the `onEvent` that the adapter was made with, never from within the call
 * that caused it. Containers outlive their adapter: `close` leaves them alone, and a new adapter with the same
 * owner finds them with `list`.
 */
export interface Containerizer {
  readonly name: "docker" | "process" | "fake" | "by-type";

  /**
   * Every container of this owner, running or ended and not yet removed, with the exit code where it is known.
   * Call it once before anything else: those that run are watched from here on and send their `exited` through
   * `onEvent`, those that ended send nothing more. Rejects with `unreachable` when the engine does not answer:
   * an agent that does not know its containers must wait and ask again, not register.
   */
  list(): Promise<readonly FoundContainer[]>;

  /**
   * Starts a container; all that follows, failure too, is told by events. The directories of its persistent volumes are
   * there; they are seen at their paths, relative ones below the sandbox, and outlive the container.
   */
  launch(launch: ContainerLaunch): void;

  /**
   * SIGTERM, grace, SIGKILL; `exited` follows, or `launch-failed` when it had not started yet. Idempotent: a
   * second call can only make the end come sooner. A container that does not exist is reported as exited,
   * without exit code.
   */
  stop(containerId: ContainerId, gracePeriodMs: number): void;

  /** Deletes an ended container with its sandbox and logs; kills it first when it runs. Idempotent. */
  remove(containerId: ContainerId): Promise<void>;

  /** Starts a second process inside a running container; throws `not_found` or `conflict` (not running). */
  exec(containerId: ContainerId, request: ExecRequest): Promise<ExecSession>;

  /** Runs one command inside a running container. Never rejects: not being able to run it is a result. */
  runCheck(
    containerId: ContainerId,
    command: HealthCheckSpec["command"],
    /** 0 = no limit. */
    timeoutMs: number,
  ): Promise<CheckResult>;

  /**
   * What the container wrote, in order within each stream. Ends when all was given and, if following, the
   * container has ended; stop iterating to let go earlier. Throws `not_found`.
   */
  logs(containerId: ContainerId, request: LogRequest): AsyncIterable<OutputChunk>;

  /** Whether containers can be started now. Never rejects. */
  health(): Promise<EngineHealth>;

  /** Stops watching and lets go of the engine. Containers keep running; no event comes any more. */
  close(): Promise<void>;
}

/** Takes the events of an adapter. Must not throw. */
export type ContainerListener = (containerId: ContainerId, event: ContainerEvent) => void;

/** Where a container runs, as bytes for `started` and for `FoundContainer` (proto/wire/status). */
export type StatusEncoder = (status: {
  readonly containerId: string;
  readonly pid?: number;
  readonly ipAddresses: readonly string[];
}) => Uint8Array;

/** What every adapter is made with. */
export interface ContainerizerOptions {
  readonly onEvent: ContainerListener;
  readonly encodeStatus: StatusEncoder;
  readonly volumePath: VolumePath;
  /** One line for the operator: the engine went away, came back, a stop hangs. Never a secret. */
  readonly onNotice?: (message: string) => void;
}

export interface ExecRequest {
  readonly command: readonly string[];
  /** A terminal: stdout and stderr come as one stream, stdin is echoed, resize works. */
  readonly isTty: boolean;
  /** Stdin is open until `endStdin`; else the process reads end of file at once. */
  readonly isInteractive: boolean;
}

export interface ExecSession {
  /** Must be read, or the process stops when its pipe is full. Ends with the process. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Exit code; 128 + number for a signal, as a shell reports it. Never rejects; 255 when nobody knows. */
  readonly exit: Promise<number>;
  /** Resolves when more may be written (back-pressure). Ignored when not interactive or ended. */
  writeStdin(data: Uint8Array): Promise<void>;
  endStdin(): void;
  /** Of the terminal; ignored without one. */
  resize(columns: number, rows: number): void;
  /** A signal name as of `kill -l`, with or without SIG. Ignored when the process has ended. */
  signal(signal: string): void;
  /** The client has gone: kills the process if it still runs. Idempotent. */
  close(): void;
}

export interface OutputChunk {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

export interface LogRequest {
  readonly isFollowing: boolean;
  /** As in `RelayRequest`: of both streams together when both are asked for, if their order is known. */
  readonly tailLines?: number;
  readonly hasStdout: boolean;
  readonly hasStderr: boolean;
  /** Aborted when nobody wants the rest: the log then ends, also while the container is quiet. */
  readonly signal?: AbortSignal;
}

export type CheckResult =
  /** `output`: the end of what it wrote, for the message of a failed check. */
  | { readonly kind: "exited"; readonly exitCode: number; readonly output: string }
  | { readonly kind: "timeout" }
  | { readonly kind: "failed"; readonly message: string };

export type EngineHealth =
  /** `description`: product and version. */
  | { readonly isUp: true; readonly description: string }
  /** `problem`: what is wrong and what to do. */
  | { readonly isUp: false; readonly problem: string };
