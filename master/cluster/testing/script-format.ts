import type { MasterToAgent } from "@bourse/model/agent-messages";
import type { OperationStatus } from "@bourse/model/operation";
import type { OperatorChange } from "@bourse/model/operator";
import type { FrameworkEvent } from "@bourse/model/scheduler";
import type { TaskStatus } from "@bourse/model/task";
import type { Effects, Sending } from "../effects.ts";
import { formatUnavailability } from "./maintenance-words.ts";
import { formatAny, formatExact } from "./resource-words.ts";

/** Kinds of lines that a script shows only when it says `show`. */
export const HIDDEN_AT_FIRST = ["heartbeat", "ping", "event", "persist"] as const;
export type HiddenKind = (typeof HIDDEN_AT_FIRST)[number];

/** Effects as the lines of a script, in order: `-> s1 ...` is what was sent on session 1. */
export function formatEffects(effects: readonly Effects[], shown: ReadonlySet<string>): string[] {
  const lines: string[] = [];
  for (const { persist, send } of effects) {
    if (shown.has("persist")) {
      for (const record of persist) {
        lines.push(record.op === "put" ? `persist ${record.key}` : `delete ${record.key}`);
      }
    }
    for (const sending of send) {
      const line = formatSending(sending, shown);
      if (line !== null) lines.push(line);
    }
  }
  return lines;
}

function formatSending(sending: Sending, shown: ReadonlySet<string>): string | null {
  switch (sending.to) {
    case "framework": {
      if (sending.event.kind === "heartbeat" && !shown.has("heartbeat")) return null;
      return `-> s${sending.session} ${formatEvent(sending.event)}`;
    }
    case "agent": {
      if (sending.message.kind === "ping" && !shown.has("ping")) return null;
      return `-> s${sending.session} ${formatMessage(sending.message)}`;
    }
    case "close":
      return `close s${sending.session}`;
    case "operator":
      return sending.reply.kind === "done"
        ? "reply done"
        : `reply refused ${sending.reply.refusal.code}: ${sending.reply.refusal.message}`;
    case "events":
      if (!shown.has("event")) return null;
      return `event ${sending.event.sequence} ${formatChange(sending.event.change)}`;
  }
}

function formatEvent(event: FrameworkEvent): string {
  switch (event.kind) {
    case "subscribed":
      return `subscribed ${event.frameworkId} epoch=${event.epoch}`;
    case "offers":
      return event.offers
        .map(({ offerId, agentId, role, resources, unavailability }) => {
          const as = role === "*" ? "" : ` as ${role}`;
          const until =
            unavailability === undefined ? "" : `, ${formatUnavailability(unavailability)}`;
          return `offer ${offerId} of ${agentId}${as}: ${formatAny(resources)}${until}`;
        })
        .join("\n   ");
    case "rescind":
      return `rescind ${event.offerId}`;
    case "inverse-offers":
      return event.inverseOffers
        .map(
          ({ inverseOfferId, agentId, resources, unavailability }) =>
            `inverse-offer ${inverseOfferId} of ${agentId}: ${formatAny(resources)}, ${formatUnavailability(unavailability)}`,
        )
        .join("\n   ");
    case "rescind-inverse":
      return `rescind-inverse ${event.inverseOfferId}`;
    case "operation-update":
      return `operation-update ${formatOperation(event.status)}`;
    case "update":
      return `update ${formatStatus(event.status)}`;
    case "message":
      return `message from ${event.executorId} on ${event.agentId}`;
    case "failure":
      return `failure ${event.agentId}`;
    case "error":
      return `error ${event.refusal.code}: ${event.refusal.message}`;
    case "heartbeat":
      return "heartbeat";
  }
}

function formatMessage(message: MasterToAgent): string {
  switch (message.kind) {
    case "registered":
      return `registered ${message.agentId} epoch=${message.epoch}`;
    case "reregistered": {
      const unwanted = message.unwantedFrameworks.map((id) => ` unwanted=${id}`).join("");
      return `reregistered ${message.agentId} epoch=${message.epoch}${unwanted}`;
    }
    case "launch": {
      const tasks = message.tasks.map(
        ({ taskId, resources }) => `${taskId} (${formatAny(resources)})`,
      );
      return `launch ${message.framework.frameworkId}: ${tasks.join(", ")}`;
    }
    case "kill": {
      const grace = message.killPolicy ? ` grace=${message.killPolicy.gracePeriodMs / 1000}s` : "";
      return `kill ${message.frameworkId}/${message.taskId}${grace}`;
    }
    case "acknowledge":
      return `acknowledge ${message.frameworkId}/${message.taskId} ${message.uuid}`;
    case "apply-operation":
      return `apply-operation ${message.operation.operationUuid} ${message.operation.kind}: ${formatExact(message.operation.consumed)} -> ${formatExact(message.operation.converted)}`;
    case "acknowledge-operation":
      return `acknowledge-operation ${message.operationUuid} ${message.uuid}`;
    case "shutdown-framework":
      return `shutdown-framework ${message.frameworkId}`;
    case "message":
      return `message to ${message.executorId}`;
    case "ping":
      return `ping ${message.sequence}`;
    case "shutdown":
      return `shutdown: ${message.message}`;
    case "error":
      return `error ${message.refusal.code}: ${message.refusal.message}`;
  }
}

function formatOperation({
  operationId,
  state,
  message,
  agentId,
  uuid,
  convertedResources,
}: OperationStatus): string {
  const where = agentId === undefined ? "" : ` on ${agentId}`;
  const text = message === undefined ? "" : `: ${message}`;
  const made = convertedResources.length === 0 ? "" : ` (${formatExact(convertedResources)})`;
  return `${operationId} ${state}${where}${uuid === undefined ? "" : ` ${uuid}`}${made}${text}`;
}

function formatStatus(status: TaskStatus): string {
  const { taskId, state, reason, message, agentId, uuid } = status;
  const where = agentId === undefined ? "" : ` on ${agentId}`;
  const why = reason === undefined ? "" : ` ${reason}`;
  const text = message === undefined ? "" : `: ${message}`;
  return `${taskId} ${state}${where}${uuid === undefined ? "" : ` ${uuid}`}${why}${text}`;
}

function formatChange(change: OperatorChange): string {
  const { kind, ...rest } = change;
  const words = Object.entries(rest).map(([name, value]) =>
    typeof value === "object" ? formatStatus(value as TaskStatus) : `${name}=${value}`,
  );
  return `${kind} ${words.join(" ")}`;
}
