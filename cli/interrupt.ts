import { isReexecuted } from "./larger-heap.ts";

/** What the shell expects of a program that a signal ended: 128 and the number of the signal. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type EndSignal = keyof typeof EXIT_CODES;

export interface Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Of a run that was ended; null = it was not. */
  readonly exitCode: number | null;
  /** From now on signals do what they do by default. */
  off(): void;
}

/**
 * Ctrl-C once: the work ends where it is and says what it has. Twice: the process ends at once. `ending` is called at
 * the first, `cleanUp` before the process ends at the second. A process that was started again with a larger heap
 * hears them from its parent: a terminal's signal reaches both, and must not count twice.
 */
export function onInterrupt(ending: () => void, cleanUp: () => void): Interrupt {
  const abort = new AbortController();
  const isChild = isReexecuted() && process.connected;
  let exitCode: number | null = null;
  const heard = (signal: EndSignal): void => {
    if (exitCode !== null) {
      cleanUp();
      process.exit(EXIT_CODES[signal]);
    }
    exitCode = EXIT_CODES[signal];
    ending();
    abort.abort();
  };
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => {
    const listener = (): void => {
      if (!isChild) heard(signal);
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  const message = (content: unknown): void => {
    if (content === "SIGINT" || content === "SIGTERM") heard(content);
  };
  const orphaned = (): void => process.exit(1);
  if (isChild) {
    process.on("message", message).on("disconnect", orphaned);
    process.channel?.unref();
  }
  return {
    signal: abort.signal,
    get exitCode() {
      return exitCode;
    },
    off() {
      for (const off of listeners) off();
      process.off("message", message).off("disconnect", orphaned);
    },
  };
}
