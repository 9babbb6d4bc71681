import type {
  AgentVerdict,
  Check,
  Decision,
  Explanation,
  RoleStanding,
} from "@bourse/model/explain";
import type { DeclineReason } from "@bourse/model/offer";
import { formatMilli, formatResources } from "@bourse/model/resources";
import type { Context } from "./context.ts";
import { age, type Column, printable, renderList } from "./output.ts";

const DECISIONS_SHOWN = 10;

/**
 * An explanation for people (FEATURES A-1): the answer in a sentence, how the roles stand, one line for each agent with
 * all checks that fail, what would help, what happened lately.
 */
export function explanationText(context: Context, explanation: Explanation): string {
  const { bold } = context.colors;
  const { summary, roles, agents, relaxations, decisions } = explanation;
  const parts = [`${printable(summary)}\n`];
  if (roles.length > 0) parts.push(table(context, roles, STANDING, ({ role }) => role));
  if (agents.length > 0) parts.push(table(context, agents, columnsFor(agents), agentIdOf));
  if (relaxations.length > 0)
    parts.push(
      section(
        bold("What would help, the smallest change first"),
        relaxations.map(({ text }) => text),
      ),
    );
  if (decisions.length > 0)
    parts.push(section(bold("Lately"), decisions.slice(-DECISIONS_SHOWN).map(decisionLine)));
  return parts.join("\n");
}

/** `cpus: 3.5 short: 4 wanted, 0.5 offered`. */
export function reasonText({ code, detail }: DeclineReason): string {
  return detail === undefined ? code : `${code}: ${detail}`;
}

const STANDING: readonly Column<RoleStanding>[] = [
  { title: "ROLE", value: ({ role }) => role },
  { title: "PLACE", value: ({ position, of }) => `${position} of ${of}`, align: "right" },
  { title: "SHARE/WEIGHT", value: ({ share }) => percent(share), align: "right" },
  { title: "FAIR", value: ({ fairShare }) => percent(fairShare), align: "right" },
  { title: "WEIGHT", value: ({ weightMilli }) => formatMilli(weightMilli), align: "right" },
  {
    title: "UNSERVED",
    value: ({ unservedForMs }) => (unservedForMs === null ? "-" : age(0, unservedForMs)),
    align: "right",
  },
  { title: "OFFERS", value: ({ isSuppressed }) => (isSuppressed ? "suppressed" : "-") },
  { title: "LIMITS", value: limitsText },
];

function limitsText({ role, limits }: RoleStanding): string {
  const used = limits.map(({ role: whose, name, consumedMilli, limitMilli }) => {
    const where = whose === role ? "" : ` (of ${whose})`;
    return `${formatMilli(consumedMilli)} of ${formatMilli(limitMilli)} ${name}${where}`;
  });
  return used.join(", ") || "-";
}

function columnsFor(agents: readonly AgentVerdict[]): readonly Column<AgentVerdict>[] {
  const frameworks = new Set(agents.map(({ frameworkId }) => frameworkId));
  const framework: Column<AgentVerdict> = {
    title: "FRAMEWORK",
    value: ({ frameworkId }) => frameworkId ?? "-",
  };
  return [
    { title: "AGENT", value: agentIdOf },
    ...(frameworks.size > 1 ? [framework] : []),
    { title: "FREE", value: ({ free }) => formatResources(free) },
    { title: "WHAT IS IN THE WAY", value: verdictText },
  ];
}

/** All that fails; where a framework has several roles, by role, and only the roles that pass when some do. */
export function verdictText({ checks }: AgentVerdict): string {
  const shared = failures(checks.filter(({ role }) => role === undefined));
  const roles = Array.from(new Set(checks.flatMap(({ role }) => role ?? [])));
  const own = roles.map((role) => ({
    role,
    failed: failures(checks.filter((check) => check.role === role)),
  }));
  const passed = own.filter(({ failed }) => failed.length === 0);
  if (shared.length === 0 && passed.length > 0)
    return roles.length === 1
      ? "nothing"
      : `nothing for ${passed.map(({ role }) => `role ${role}`).join(", ")}`;
  if (roles.length === 1) return [...shared, ...(own[0]?.failed ?? [])].join("; ");
  return [
    ...shared,
    ...own
      .filter(({ failed }) => failed.length > 0)
      .map(({ role, failed }) => `role ${role}: ${failed.join(", ")}`),
  ].join("; ");
}

function failures(checks: readonly Check[]): readonly string[] {
  return checks
    .filter(({ isPassed }) => !isPassed)
    .map(({ name, detail }) => (detail === undefined ? name : `${name} (${detail})`));
}

function agentIdOf({ agentId }: AgentVerdict): string {
  return agentId;
}

/** What the master decided and when, in one line. */
export function decisionLine({ wallMs, what }: Decision): string {
  const time = new Date(wallMs).toISOString();
  switch (what.kind) {
    case "offered":
      return `${time} offered ${formatResources(what.resources)} of ${what.agentId}`;
    case "rescinded":
      return `${time} rescinded ${what.offerId}: ${what.cause}`;
    case "declined": {
      const why = what.reasons.map(reasonText).join("; ");
      return `${time} declined ${what.agentId} for ${what.refuseMs / 1000} s${why === "" ? "" : `: ${why}`}`;
    }
    case "launched":
      return `${time} launched ${what.taskCount} on ${what.agentId}`;
    case "dropped":
      return `${time} dropped ${what.taskId}: ${what.cause}`;
    case "lost":
      return `${time} lost ${what.taskId} on ${what.agentId}: ${what.cause}`;
    case "withheld":
      return `${time} withheld: ${what.cause}`;
  }
}

function section(title: string, lines: readonly string[]): string {
  return [title, ...lines.map((line) => `  ${printable(line)}`)]
    .map((line) => `${line}\n`)
    .join("");
}

function table<Row>(
  context: Context,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  idOf: (row: Row) => string,
): string {
  return renderList({ ...context, output: "table", isQuiet: false }, rows, columns, idOf);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
