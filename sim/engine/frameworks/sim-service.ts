import type { Now } from "@bourse/model/now";
import { NO_PAYLOAD } from "@bourse/model/task";
import type { ServiceConfig } from "@bourse/service-policy/service-config";
import type { ServiceInput, ServiceOutput, ServiceRecord } from "@bourse/service-policy/service-io";
import { ServicePolicy } from "@bourse/service-policy/service-policy";
import type { PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import type { SimPolicy } from "../sim-framework.ts";

/** The service that is shipped, as a simulated framework: it is done when as many instances run as it was asked for. */
export class SimService implements SimPolicy {
  readonly #policy: ServicePolicy;

  /** `records`: what earlier lives wrote down. */
  constructor(config: ServiceConfig, records: readonly unknown[]) {
    this.#policy = ServicePolicy.recover(
      config,
      () => NO_PAYLOAD,
      records as readonly ServiceRecord[],
    );
  }

  apply(now: Now, event: PolicyEvent<unknown>): PolicyCalls<ServiceOutput> {
    return this.#policy.apply(now, event as PolicyEvent<ServiceInput>);
  }

  snapshot(): unknown {
    return this.#policy.snapshot();
  }

  lacks(): string | null {
    let running = 0;
    for (const { state, isKilling } of this.#policy.instances) {
      if (state === "TASK_RUNNING" && !isKilling) running += 1;
    }
    const { count, size } = this.#policy;
    if (running === count && size === count) return null;
    return `${running} of ${count} instances run, ${size} may be alive`;
  }
}
