import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { ClusterError } from "@bourse/model/errors";
import type { Role } from "@bourse/model/ids";
import { RUNNER_NAME, type RunnerReply } from "@bourse/model/runner";
import { encodeTaskPayload } from "@bourse/proto/wire/task";
import {
  RUNNER_DEFAULTS,
  type RunnerCodec,
  type RunnerConfig,
  type RunnerInput,
  type RunnerOutput,
  type RunnerRecord,
} from "@bourse/runner-policy/runner-io";
import { RunnerPolicy } from "@bourse/runner-policy/runner-policy";
import { compacting, createDriver, fileIntents, fileStore, type ServiceCall } from "@bourse/sdk";
import type { Logger } from "pino";
import { exitCodeOf } from "./exit-code.ts";
import { parseRequest } from "./request-door.ts";

export interface RunnerOptions {
  readonly masters: readonly string[];
  /** In which it asks for offers; default `*`. */
  readonly role?: Role;
  /** Holds `framework.json` (its id) and `jobs.jsonl` (every change of every job, written before it is acted upon). */
  readonly stateDir: string;
  readonly logger: Logger;
  readonly config?: Partial<Omit<RunnerConfig, "seed">>;
}

export interface Runner {
  /** Leaves in order; the tasks go on. */
  stop(): Promise<void>;
  /** Resolves with the reason when the runner cannot go on. */
  readonly fatal: Promise<Error>;
}

/** Starts the resident framework that owns the tasks of `task run`. Throws when its state cannot be read. */
export async function startRunner(options: RunnerOptions): Promise<Runner> {
  const { logger, stateDir } = options;
  const seed = randomBytes(16).toString("hex");
  const config: RunnerConfig = { ...RUNNER_DEFAULTS, ...options.config, seed };
  const log = fileIntents(join(stateDir, "jobs.jsonl"));
  const records = (await log.load()) as readonly RunnerRecord[];
  const now = { monoMs: Math.floor(performance.now()), wallMs: Date.now() };
  const policy = RunnerPolicy.recover(now, config, CODEC, records);
  await log.rewrite(policy.records());
  logger.info({ seed, stateDir, jobs: policy.liveCount }, "runner started");

  const driver = createDriver({
    masters: options.masters,
    framework: { name: RUNNER_NAME, roles: [options.role ?? "*"] },
    store: fileStore(join(stateDir, "framework.json")),
    log: logger,
  });
  const calls = new RunnerCalls();
  driver.onCall((call) => calls.open(call, (input) => handle.input(input)));
  const handle = await driver.runPolicy<RunnerInput, RunnerOutput>(policy, {
    intents: compacting(log, () => policy.records()),
    onOutput: (output) => calls.reply(output),
  });
  return {
    stop: () => {
      calls.endAll();
      return driver.stop();
    },
    fatal: new Promise((resolve) => driver.ended.catch(resolve)),
  };
}

/** Calls under way, by the numbers that the policy knows them by. */
class RunnerCalls {
  readonly #open = new Map<number, ServiceCall>();
  #count = 0;

  open(call: ServiceCall, send: (input: RunnerInput) => void): void {
    this.#count += 1;
    const request = this.#count;
    try {
      const body = parseRequest(call.method, call.body);
      this.#open.set(request, call);
      call.onClosed(() => {
        this.#open.delete(request);
        send({ kind: "closed", request });
      });
      send({ kind: "request", request, body });
    } catch (thrown) {
      this.#open.delete(request);
      answer(call, { kind: "refused", refusal: ClusterError.from(thrown).toRefusal() });
      call.end();
    }
  }

  /** Whoever still listens must not keep the process from ending. */
  endAll(): void {
    for (const call of this.#open.values()) {
      call.end({
        code: "unreachable",
        message: "the runner is stopping",
        hint: "the jobs go on; ask again when it is back",
      });
    }
    this.#open.clear();
  }

  reply({ request, reply, isLast }: RunnerOutput): void {
    const call = this.#open.get(request);
    if (call === undefined) return;
    answer(call, reply);
    if (!isLast) return;
    this.#open.delete(request);
    call.end();
  }
}

function answer(call: ServiceCall, reply: RunnerReply): void {
  call.reply(Buffer.from(JSON.stringify(reply)));
}

const CODEC: RunnerCodec = { encode: encodeTaskPayload, exitCodeOf };
