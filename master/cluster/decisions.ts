import type { Decision } from "@bourse/model/explain";
import type { Framework, Turn } from "./state.ts";

/** Keeps what the master decided about a framework, so that it can be explained afterwards (FEATURES N-01). */
export function decide(turn: Turn, framework: Framework, what: Decision["what"]): void {
  framework.decisions.push({ wallMs: turn.now.wallMs, what });
}

/** The decisions that touched one task, oldest first. */
export function decisionsOfTask(framework: Framework, taskId: string): Decision[] {
  return framework.decisions
    .toArray()
    .filter(({ what }) => "taskId" in what && what.taskId === taskId);
}
