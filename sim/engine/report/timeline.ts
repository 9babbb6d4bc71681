import type { AgentId, FrameworkId } from "@bourse/model/ids";
import type { OperatorCall } from "@bourse/model/operator";
import type { Violation } from "../checks/violations.ts";
import type { TimelineEntry } from "./run-report.ts";

const ENTRIES_MAX = 10_000;

/** What happened to the cluster from outside, in order: faults as they were noted, what operators asked. */
export class Timeline {
  readonly #entries: TimelineEntry[] = [];
  #leftOut = 0;
  readonly #names: Names;
  #noted: { readonly atMs: number; readonly text: string } | null = null;

  constructor(names: Names = { agent: () => null, framework: () => null }) {
    this.#names = names;
  }

  noted(atMs: number, text: string): void {
    this.#noted = { atMs, text };
    this.#add({ atMs, kind: "fault", text });
  }

  /** A fault that an operator makes has said so itself, at the same time. */
  operated(atMs: number, call: OperatorCall): void {
    if (this.#noted?.atMs === atMs && this.#noted.text.includes("operator")) return;
    this.#add({ atMs, kind: "operation", text: describe(call, this.#names) });
  }

  /** With the violations in their places. */
  list(violations: readonly Violation[]): {
    readonly entries: readonly TimelineEntry[];
    readonly leftOut: number;
  } {
    const broken = violations.map(
      ({ atMs, check, message }): TimelineEntry => ({
        atMs: Number.isFinite(atMs) ? atMs : (this.#entries.at(-1)?.atMs ?? 0), // A core that threw has no time.
        kind: "violation",
        text: `${check}: ${message}`,
      }),
    );
    const entries = [...this.#entries, ...broken].sort((a, b) => a.atMs - b.atMs);
    const tooMany = Math.max(0, entries.length - ENTRIES_MAX);
    // Violations are never left out: they are what people look for.
    let spare = tooMany;
    const kept = entries
      .reverse()
      .filter(({ kind }) => kind === "violation" || spare-- <= 0)
      .reverse();
    return { entries: kept, leftOut: this.#leftOut + tooMany };
  }

  #add(entry: TimelineEntry): void {
    if (this.#entries.length < ENTRIES_MAX) this.#entries.push(entry);
    else this.#leftOut += 1;
  }
}

/** What people call them; null = nobody knows. */
export interface Names {
  agent(agentId: AgentId): string | null;
  framework(frameworkId: FrameworkId): string | null;
}

function describe(call: OperatorCall, names: Names): string {
  const agent = (agentId: AgentId): string => names.agent(agentId) ?? agentId;
  const framework = (id: FrameworkId): string => names.framework(id) ?? id;
  switch (call.kind) {
    case "deactivate-agent":
    case "reactivate-agent":
      return `${call.kind} ${agent(call.agentId)}`;
    case "teardown-framework":
      return `${call.kind} ${framework(call.frameworkId)}`;
    case "kill-task":
      return `${call.kind} ${call.taskId} of ${framework(call.frameworkId)}`;
    case "update-quotas":
      return `${call.kind} of ${some(call.quotas.map(({ role }) => role))}`;
    case "update-weights":
      return `${call.kind} of ${some(call.weights.map(({ role, weightMilli }) => `${role} (${weightMilli / 1_000})`))}`;
    case "operate":
      return `${call.operation.kind} on ${agent(call.agentId)}`;
    case "update-maintenance-schedule":
      return `${call.kind}: ${call.windows.length} windows`;
    case "start-maintenance":
    case "stop-maintenance":
      return `${call.kind} of ${some(call.machines.map(({ hostname }) => hostname))}`;
  }
}

const NAMED_MAX = 5;

function some(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  return names.slice(0, NAMED_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
