import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { RoleConstraints } from "@bourse/model/constraints";
import type { TaskSpec } from "@bourse/model/container";
import { ClusterError } from "@bourse/model/errors";
import type { Role } from "@bourse/model/ids";
import { encodeTaskPayload } from "@bourse/proto/wire/task";
import {
  type Amounts,
  compacting,
  createDriver,
  fileIntents,
  fileStore,
  type ServiceCall,
} from "@bourse/sdk";
import { SERVICE_DEFAULTS, type ServiceConfig } from "@bourse/service-policy/service-config";
import type { ServiceInput, ServiceOutput, ServiceRecord } from "@bourse/service-policy/service-io";
import { ServicePolicy } from "@bourse/service-policy/service-policy";
import { resourcesOf } from "@bourse/session/amounts";
import { portsOf, withFixedPorts, withPorts } from "@bourse/session/host-ports";
import type { Logger } from "pino";

export interface ServiceOptions {
  readonly masters: readonly string[];
  /** Of the framework and its tasks. */
  readonly name: string;
  /** In which it asks for offers; default `*`. */
  readonly role?: Role;
  /** On which agents it wants offers (M-38); default on all. */
  readonly constraints?: RoleConstraints;
  /** How many to keep at the first start; later what was last asked for by `scale` counts. */
  readonly instances: number;
  readonly spec: TaskSpec;
  /** Of one instance; default 0.1 cpus and 32 MiB. */
  readonly amounts?: Amounts;
  /** Host ports of one instance beside those that open port mappings need. */
  readonly ports?: number;
  /** Holds `framework.json` (its id) and `instances.jsonl` (what was launched, written before it is). */
  readonly stateDir: string;
  readonly logger: Logger;
  readonly config?: Partial<ServiceConfig>;
}

export interface Service {
  readonly policy: ServicePolicy;
  scale(instances: number): void;
  /** Leaves in order; the instances go on, unless the framework is torn down. */
  stop(options?: { readonly teardown?: boolean }): Promise<void>;
  /** Resolves with the reason when the service cannot go on. */
  readonly fatal: Promise<Error>;
}

const AMOUNTS_DEFAULT: Amounts = { cpus: 0.1, mem: 32 };
/** Agents of one cluster that starts come within a second. */
const GATHER_MS = 1_000;
const INSTANCES_MAX = 100_000;

/**
 * Starts a framework that keeps so many instances alive. Operators may call it through the master: `scale` with
 * `{"instances": 5}`, `status` for all instances.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { name, spec, stateDir, logger, role = "*", constraints } = options;
  refuseWhatCannotRun(options);
  const config: ServiceConfig = {
    ...SERVICE_DEFAULTS,
    gatherMs: GATHER_MS,
    name,
    count: options.instances,
    resources: withFixedPorts(resourcesOf(options.amounts ?? AMOUNTS_DEFAULT), spec),
    ports: portsOf(spec, options.ports ?? 0),
    seed: randomBytes(16).toString("hex"),
    ...options.config,
  };
  const log = fileIntents(join(stateDir, "instances.jsonl"));
  const records = (await log.load()) as readonly ServiceRecord[];
  const encode = (hostPorts: readonly number[]) => encodeTaskPayload(withPorts(spec, hostPorts));
  const policy = ServicePolicy.recover(config, encode, records);
  await log.rewrite(policy.records());
  logger.info({ seed: config.seed, stateDir, count: policy.count }, `service ${name} started`);

  const driver = createDriver({
    masters: options.masters,
    framework: { name, roles: [role] },
    ...(constraints && { offerConstraints: new Map([[role, constraints]]) }),
    store: fileStore(join(stateDir, "framework.json")),
    log: logger,
  });
  const scale = (instances: number): void => handle.input({ kind: "scale", count: instances });
  driver.onCall((call) => answer(call, policy, scale));
  const handle = await driver.runPolicy<ServiceInput, ServiceOutput>(policy, {
    intents: compacting(log, () => policy.records()),
    onOutput: ({ instance, isGone }) =>
      logger.info(
        { taskId: instance.taskId, agentId: instance.agentId, state: instance.state },
        isGone ? "instance is gone" : "instance",
      ),
  });
  return {
    policy,
    scale,
    stop: async (stopping = {}) => {
      await driver.stop(stopping);
      if (stopping.teardown === true) await log.rewrite([]);
    },
    fatal: new Promise((resolve) => driver.ended.catch(resolve)),
  };
}

function refuseWhatCannotRun({ instances, spec, name }: ServiceOptions): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name))
    throw new ClusterError("invalid_call", `${JSON.stringify(name)} is no name for a service`, {
      hint: "letters, digits, dots, dashes and underscores, at most 100, a letter or digit first",
    });
  checkCount(instances, "instances");
  const hostPorts = Array.from({ length: portsOf(spec, 0) }, (_, index) => 31_000 + index);
  encodeTaskPayload(withPorts(spec, hostPorts));
}

function answer(call: ServiceCall, policy: ServicePolicy, scale: (count: number) => void): void {
  try {
    switch (call.method) {
      case "scale":
        scale(checkCount(bodyOf(call).instances, "instances"));
        break;
      case "status": {
        const instances = Array.from(policy.instances, ({ status: _, ...instance }) => instance);
        const { count, failures } = policy;
        call.reply(Buffer.from(JSON.stringify({ count, failures, instances })));
        break;
      }
      default:
        throw new ClusterError("unsupported", `a service has no method ${call.method}`, {
          hint: "it has scale and status",
        });
    }
    call.end();
  } catch (thrown) {
    call.end(ClusterError.from(thrown).toRefusal());
  }
}

function bodyOf(call: ServiceCall): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(call.body).toString("utf8"));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Not JSON: the same answer as for JSON that is no object.
  }
  throw new ClusterError("invalid_call", `the body of ${call.method} is no JSON object`);
}

function checkCount(value: unknown, field: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > INSTANCES_MAX)
    throw new ClusterError(
      "invalid_call",
      `${field} must be a whole number from 0 to ${INSTANCES_MAX}`,
    );
  return value as number;
}
