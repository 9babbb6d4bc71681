import { ClusterError } from "@bourse/model/errors";
import { type Logger, pino } from "pino";

/** How every daemon of the command line logs: one JSON object a line on stderr, or plain with -q. */
export function daemonLogger(name: string, level: string): Logger {
  if (!LEVELS.includes(level)) {
    throw new ClusterError("invalid_call", `--log-level ${JSON.stringify(level)} is no level`, {
      hint: `take one of ${LEVELS.join(", ")}`,
    });
  }
  const destination = pino.destination({ dest: 2, sync: true });
  return pino({ name, level, base: { name, pid: process.pid } }, destination);
}

const LEVELS: readonly string[] = ["trace", "debug", "info", "warn", "error"];

export interface Stoppable {
  stop(): Promise<void>;
}

/** A daemon that cannot start ends with exit code 1, whatever the reason; a wrong flag is still a usage error. */
export async function begun<T>(start: Promise<T>): Promise<T> {
  try {
    return await start;
  } catch (thrown) {
    const error = ClusterError.from(thrown);
    if (error.code === "invalid_call") throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new ClusterError("internal", error.message, { cause: thrown, ...hint });
  }
}

/** How long a daemon may take to stop before it is ended all the same. */
const STOP_MS = 15_000;

/**
 * Keeps a daemon until a signal asks it to stop (it stops cleanly, exit code 0), or until it ends by itself: `ended`
 * resolves (exit code 0) or rejects (one line on stderr, exit code 1). A second signal ends the process at once.
 */
export function runUntilSignal(
  daemon: Stoppable,
  ended: Promise<void>,
  logger: Logger,
): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (isStopping) process.exit(128 + (SIGNAL_NUMBERS[signal] ?? 15));
      isStopping = true;
      logger.info({ signal }, "stopping");
      const timer = setTimeout(() => {
        logger.error({ afterMs: STOP_MS }, "did not stop in time");
        process.exit(1);
      }, STOP_MS);
      daemon.stop().then(
        () => {
          clearTimeout(timer);
          resolve();
          process.exit(0);
        },
        (error: unknown) => {
          logger.error({ err: error }, "could not stop cleanly");
          process.exit(1);
        },
      );
    };
    for (const signal of SIGNALS) process.on(signal, stop);
    ended.then(
      () => process.exit(0),
      (thrown: unknown) => {
        const { message, hint } = ClusterError.from(thrown);
        process.stderr.write(`bourse: ${message}${hint === undefined ? "" : `; ${hint}`}\n`);
        process.exit(1);
      },
    );
  });
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGTERM: 15,
};

/** A `fatal` promise (resolves with what ended the daemon) in the form of `ended`. */
export function endedBy(fatal: Promise<Error>): Promise<void> {
  return fatal.then((error) => {
    throw error;
  });
}
