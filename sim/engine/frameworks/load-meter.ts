import type { Role } from "@bourse/model/ids";

/**
 * Told by a framework with a load how its tasks fare; what it is told ends up in the report. All times are virtual
 * milliseconds from the beginning of the run; `arrivedMs` is the intended arrival of the task, not of the attempt.
 */
export interface LoadMeter {
  arrived(role: Role, count: number): void;
  /**
   * An accept that launches the task leaves. `offeredMs`: when the offer came, or the task, whichever was later.
   * `isRetry`: an attempt after the first; it says nothing of how long the task waited.
   */
  launched(
    role: Role,
    arrivedMs: number,
    offeredMs: number,
    nowMs: number,
    isRetry?: boolean,
  ): void;
  /** The first update of an attempt that was launched at `launchedMs`. */
  staged(launchedMs: number, nowMs: number): void;
  /** The first RUNNING update of the task; `stagedMs` is that attempt's first update. */
  running(arrivedMs: number, stagedMs: number, nowMs: number): void;
  /** The attempt is over: `isWell` = TASK_FINISHED; otherwise `willRetry` says whether it is tried again. */
  ended(isWell: boolean, willRetry: boolean): void;
}
