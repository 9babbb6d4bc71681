/**
 * What an agent must run, decoded from a task's payload at the agent's door (proto/wire/task.ts makes it from
 * Mesos' TaskInfo, and the other way round from a `TaskSpec`). Times in milliseconds, sizes in MiB.
 */
export interface RunSpec {
  readonly command: CommandSpec;
  readonly container: ContainerSpec;
  readonly healthCheck?: HealthCheckSpec;
  /** SIGTERM, this long, then SIGKILL (FEATURES M-61). */
  readonly killGraceMs: number;
  readonly maxCompletionMs?: number;
  readonly labels: readonly { readonly key: string; readonly value?: string }[];
}

/** FEATURES M-63: no `value` = the image's own command; `isShell` false keeps the entrypoint. */
export interface CommandSpec {
  readonly isShell: boolean;
  readonly value?: string;
  readonly args: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly user?: string;
}

export type ContainerSpec =
  /** A process of the host (DESIGN D7). */
  | { readonly type: "process" }
  | {
      readonly type: "docker";
      readonly image: string;
      readonly shouldPull: boolean;
      readonly network: "bridge" | "host" | "none";
      readonly portMappings: readonly PortMapping[];
      readonly volumes: readonly VolumeMount[];
      readonly isPrivileged: boolean;
      readonly entrypoint?: readonly string[];
      readonly logDriver?: string;
    };

export interface PortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

export interface VolumeMount {
  /** An absolute path of the host, or the name of a Docker volume. */
  readonly source:
    | { readonly type: "host"; readonly path: string }
    | { readonly type: "named"; readonly name: string; readonly driver?: string };
  readonly containerPath: string;
  readonly mode: "RW" | "RO";
}

/** Defaults of FEATURES M-59: 15 s, 10 s, 20 s, 3, 10 s. `timeoutMs` 0 = no limit. */
export interface HealthCheckSpec {
  readonly type: "command";
  readonly command: {
    readonly isShell: boolean;
    readonly value: string;
    readonly args: readonly string[];
  };
  readonly delayMs: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly consecutiveFailures: number;
  readonly gracePeriodMs: number;
}

/** What a framework author writes (the SDK turns it into a payload). All but the command or image is optional. */
export interface TaskSpec {
  readonly command?: string | readonly string[];
  readonly image?: string;
  readonly shouldPull?: boolean;
  readonly network?: "bridge" | "host" | "none";
  readonly portMappings?: readonly PortMapping[];
  readonly volumes?: readonly VolumeMount[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly isPrivileged?: boolean;
  readonly entrypoint?: readonly string[];
  readonly healthCheck?: Partial<Omit<HealthCheckSpec, "type">> & {
    readonly command: HealthCheckSpec["command"];
  };
  readonly killGraceMs?: number;
  readonly maxCompletionMs?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export const KILL_GRACE_MS_DEFAULT = 3_000;

/** Where a running task can be found; the rest of its TaskStatus. */
export interface ContainerStatus {
  readonly containerId: string;
  readonly pid?: number;
  readonly ipAddresses: readonly string[];
}
