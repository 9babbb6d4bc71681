import type { ClusterInput } from "@bourse/cluster/inputs";

/** What a reader looks for in a report or a metric: `accept`, `update`, `wake`. A closed set. */
export function inputTitle(input: ClusterInput): string {
  if (input.kind === "framework-call" || input.kind === "operator-call") return input.call.kind;
  return input.kind === "agent-message" ? `agent-${input.message.kind}` : input.kind;
}
