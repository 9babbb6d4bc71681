import type { AgentConfig } from "./inputs.ts";

/** What an agent does when its operator says nothing; the values of Mesos. */
export const AGENT_CONFIG_DEFAULTS: AgentConfig = {
  registrationBackoffMs: 1_000, // FEATURES M-45.
  registrationBackoffMaxMs: 60_000, // M-45.
  updateRetryMs: 10_000, // M-58.
  updateRetryMaxMs: 600_000, // M-58.
  killRetryMs: 5_000, // M-61: a stop that hangs is tried again after 5 s.
  removeDelayMs: 6 * 3_600_000, // M-62, docker_remove_delay.
  endedContainersMax: 1_000, // Logs of a busy day; without a bound short tasks would fill memory and disk.
};
