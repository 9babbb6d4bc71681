import { type DestinationStream, type Logger, pino } from "pino";

/** How every daemon of the command line logs: one JSON object a line on stderr, or plain with -q. */
export function daemonLogger(name: string, level: string): Logger {
  const destination: DestinationStream = pino.destination({ dest: 2, sync: true });
  return pino({ name, level, base: { name, pid: process.pid } }, destination);
}

export interface Stoppable {
  stop(): Promise<void>;
}

/** How long a daemon may take to stop before it is ended all the same. */
const STOP_MS = 15_000;

/**
 * Keeps a daemon until a signal asks it to stop (it stops cleanly, exit code 0), or until it cannot go on
 * (`fatal`: one line on stderr, exit code 1). A second signal ends the process at once.
 */
export function runUntilSignal(
  daemon: Stoppable,
  fatal: Promise<Error>,
  logger: Logger,
): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (isStopping) process.exit(128 + 15);
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
        },
        (error: unknown) => {
          logger.error({ err: error }, "could not stop cleanly");
          process.exit(1);
        },
      );
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
    void fatal.then((error) => {
      process.stderr.write(`bourse: ${error.message}\n`);
      process.exit(1);
    });
  });
}
