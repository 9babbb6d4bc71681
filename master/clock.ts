import type { Now } from "@bourse/model/now";

/** Where the shell gets its time. The core is only told. */
export interface Clock {
  now(): Now;
}

/** The clocks of the machine, in whole milliseconds; `monoMs` never decreases and ignores steps of the wall clock. */
export class SystemClock implements Clock {
  now(): Now {
    return { monoMs: Math.floor(performance.now()), wallMs: Date.now() };
  }
}
