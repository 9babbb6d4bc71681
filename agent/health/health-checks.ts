import type { HealthCheckSpec } from "@bourse/model/container";
import type { ContainerId } from "@bourse/model/ids";
import type { CheckResult, Containerizer } from "../containerizer/containerizer.ts";

export interface HealthResult {
  readonly isHealthy: boolean;
  /** Why it is not healthy, for people; empty when it is. */
  readonly message: string;
}

export interface HealthChecksOptions {
  readonly containerizer: Pick<Containerizer, "runCheck">;
  readonly onResult: (containerId: ContainerId, result: HealthResult) => void;
}

/** What a failing check wrote is cut to this much: it goes into every update. */
const OUTPUT_LENGTH_MAX = 300;

/**
 * Runs the health checks of containers in their rhythm (FEATURES M-59): first after the delay, then each an
 * interval after the one before has ended. What a result means is the core's decision.
 */
export class HealthChecks {
  readonly #options: HealthChecksOptions;
  /** The timer of the next run; replaced at each. The object tells one course of checks from a later one. */
  readonly #courses = new Map<ContainerId, { timer: NodeJS.Timeout }>();

  constructor(options: HealthChecksOptions) {
    this.#options = options;
  }

  start(containerId: ContainerId, spec: HealthCheckSpec): void {
    this.stop(containerId);
    const course = { timer: setTimeout(() => void this.#run(containerId, spec), spec.delayMs) };
    this.#courses.set(containerId, course);
  }

  stop(containerId: ContainerId): void {
    const course = this.#courses.get(containerId);
    if (course === undefined) return;
    clearTimeout(course.timer);
    this.#courses.delete(containerId);
  }

  close(): void {
    for (const containerId of [...this.#courses.keys()]) this.stop(containerId);
  }

  async #run(containerId: ContainerId, spec: HealthCheckSpec): Promise<void> {
    const course = this.#courses.get(containerId);
    if (course === undefined) return;
    const { containerizer, onResult } = this.#options;
    const result = await containerizer.runCheck(containerId, spec.command, spec.timeoutMs);
    if (this.#courses.get(containerId) !== course) return; // Stopped or started anew meanwhile.
    course.timer = setTimeout(() => void this.#run(containerId, spec), spec.intervalMs);
    onResult(containerId, judge(result, spec));
  }
}

function judge(result: CheckResult, spec: HealthCheckSpec): HealthResult {
  switch (result.kind) {
    case "exited": {
      if (result.exitCode === 0) return { isHealthy: true, message: "" };
      const output = result.output.trim().slice(-OUTPUT_LENGTH_MAX);
      const words = `health check exited with status ${result.exitCode}`;
      return { isHealthy: false, message: output === "" ? words : `${words}: ${output}` };
    }
    case "timeout": {
      const message = `health check did not end within ${spec.timeoutMs / 1_000} s`;
      return { isHealthy: false, message };
    }
    case "failed":
      return { isHealthy: false, message: `health check could not run: ${result.message}` };
  }
}
