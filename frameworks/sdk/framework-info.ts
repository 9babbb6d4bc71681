import { userInfo } from "node:os";
import type { Capability, FrameworkInfo } from "@bourse/model/framework";
import type { Role } from "@bourse/model/ids";
import { NO_PAYLOAD } from "@bourse/model/task";
import { encodeFrameworkPayload } from "@bourse/proto/wire/framework";

/** What an author says of a framework; all but the name has a safe default (FEATURES T-5). */
export interface FrameworkDescription {
  readonly name: string;
  /** As whom its tasks run, where nothing else is said; default: the user of this process. */
  readonly user?: string;
  readonly roles?: readonly Role[];
  /** How long its tasks live on without it; default a week (MA-11). */
  readonly failoverTimeoutMs?: number;
  readonly capabilities?: readonly Capability[];
  readonly hostname?: string;
  readonly webuiUrl?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export const FAILOVER_TIMEOUT_MS_DEFAULT = 604_800_000;
const CAPABILITIES_DEFAULT: readonly Capability[] = [
  "MULTI_ROLE",
  "PARTITION_AWARE",
  "TASK_KILLING_STATE",
];

export function describeFramework(description: FrameworkDescription): FrameworkInfo {
  const { name, hostname, webuiUrl, labels } = description;
  return {
    name,
    user: description.user ?? ownUser(),
    roles: description.roles ?? ["*"],
    failoverTimeoutMs: description.failoverTimeoutMs ?? FAILOVER_TIMEOUT_MS_DEFAULT,
    isCheckpointing: true,
    capabilities: description.capabilities ?? CAPABILITIES_DEFAULT,
    ...(hostname === undefined ? {} : { hostname }),
    ...(webuiUrl === undefined ? {} : { webuiUrl }),
    payload: labels === undefined ? NO_PAYLOAD : encodeFrameworkPayload(labels),
  };
}

/** A container's process may run under a number that no user has. */
function ownUser(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? "root";
  }
}
