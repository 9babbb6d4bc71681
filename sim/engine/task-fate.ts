import type { TaskStatus } from "@bourse/model/task";

/** Not terminal by itself, but no state to wait in: nobody promises that it comes back. Should it, it is killed. */
export function isGivenUp({ state }: TaskStatus): boolean {
  return state === "TASK_LOST" || state === "TASK_UNKNOWN" || state === "TASK_GONE_BY_OPERATOR";
}

/** Others are killed when they are seen alive: asking for the end of one that is out of reach only brings its state. */
export function isLive({ state }: TaskStatus): boolean {
  return state === "TASK_STAGING" || state === "TASK_STARTING" || state === "TASK_RUNNING";
}
