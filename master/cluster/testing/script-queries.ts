import type { RoleView } from "@bourse/model/operator";
import type { Amount } from "@bourse/model/quota";
import { formatResources, type Resources } from "@bourse/model/resources";
import { formatMachine } from "./maintenance-words.ts";
import { formatAny, formatExact } from "./resource-words.ts";
import { WALL_ORIGIN_MS, type World } from "./world.ts";

/** What an operator sees, a line an item. */
export function queryLines(world: World, what: string, id: string): string[] {
  const page = { limit: 1000 };
  const filter = { hasCompleted: id === "all" };
  const view =
    what === "maintenance"
      ? world.query({ kind: what })
      : what === "explain"
        ? world.query({ kind: what, subject: subjectOf(id) })
        : what === "tasks"
          ? world.query({ kind: what, page, filter })
          : what === "frameworks"
            ? world.query({ kind: what, page, hasCompleted: id === "all" })
            : world.query({ kind: what as "agents" | "offers" | "operations", page });
  switch (view.kind) {
    case "tasks":
      return view.tasks.map(
        ({ frameworkId, taskId, state, agentId, statuses }) =>
          `${frameworkId}/${taskId} ${state} on ${agentId}, ${statuses.length} statuses`,
      );
    case "agents":
      return view.agents.map(
        ({ agentId, condition, tasks, offered, allocated }) =>
          `${agentId} ${condition}, ${tasks} tasks; offered ${formatAny(offered)}; allocated ${formatAny(allocated)}`,
      );
    case "frameworks":
      return view.frameworks.map(({ frameworkId, condition, tasks, offers, removeAtMs }) => {
        const until =
          removeAtMs === undefined ? "" : `, removed at ${(removeAtMs - WALL_ORIGIN_MS) / 1000} s`;
        return `${frameworkId} ${condition}, ${tasks} tasks, ${offers} offers${until}`;
      });
    case "offers":
      return view.offers.map(
        ({ offerId, frameworkId, agentId }) => `${offerId} of ${agentId} to ${frameworkId}`,
      );
    case "explanation":
      return [
        view.explanation.summary,
        ...view.explanation.decisions.map(({ what: decision }) => `  ${describe(decision)}`),
      ];
    case "refused":
      return [`refused ${view.refusal.code}: ${view.refusal.message}`];
    case "roles":
      return view.roles.map(formatRole);
    case "reservations":
      return view.reservations.map(
        ({ agentId, role, resources, allocated, isOrphaned }) =>
          `${agentId} ${role}: ${formatExact(resources)}; allocated ${formatExact(allocated)}${isOrphaned ? "; orphaned" : ""}`,
      );
    case "volumes":
      return view.volumes.map(({ agentId, resource, usedBy, isOrphaned }) => {
        const users = usedBy.map(({ frameworkId, taskId }) => `${frameworkId}/${taskId}`);
        const by = users.length === 0 ? "" : `; used by ${users.join(", ")}`;
        return `${agentId} ${formatExact([resource])}${by}${isOrphaned ? "; orphaned" : ""}`;
      });
    case "operations":
      return view.operations.map(
        ({ operationUuid, agentId, operation, frameworkId = "", operationId = "", state }) =>
          `${operationUuid} ${operation} on ${agentId} ${state} ${frameworkId}/${operationId}`,
      );
    case "maintenance":
      return view.machines.map(formatMachine);
    default:
      return [];
  }
}

function formatRole({ role, weightMilli, quota, consumed, frameworkIds, reserved }: RoleView) {
  const parts = [
    weightMilli === 1000 ? "" : `weight ${weightMilli / 1000}`,
    quota === undefined ? "" : `guaranteed ${formatAmounts(quota.guarantees)}`,
    quota === undefined ? "" : `at most ${formatAmounts(quota.limits)}`,
    `consumed ${formatAmounts(consumed)}`,
    reserved.length === 0 ? "" : `reserved ${formatAny(reserved)}`,
    frameworkIds.length === 0 ? "" : frameworkIds.join(" "),
  ];
  return `${role}: ${parts.filter((part) => part !== "").join("; ")}`;
}

function formatAmounts(amounts: readonly Amount[]): string {
  const words = amounts.map(({ name, milli }) => `${name}=${milli / 1000}`);
  return words.length === 0 ? "nothing" : words.join(",");
}

function subjectOf(id: string) {
  const [frameworkId = "", taskId] = id.split("/");
  return taskId === undefined
    ? ({ kind: "framework", frameworkId } as const)
    : ({ kind: "task", frameworkId, taskId } as const);
}

function describe(decision: object): string {
  return Object.values(decision)
    .map((value) => {
      if (Array.isArray(value)) {
        const codes = value.map((item: { code?: string }) => item.code).filter((code) => code);
        return codes.length > 0 ? codes.join(",") : formatResourcesOf(value);
      }
      return String(value);
    })
    .filter((text) => text !== "")
    .join(" ");
}

function formatResourcesOf(value: Resources): string {
  return value.length === 0 ? "" : formatResources(value);
}
