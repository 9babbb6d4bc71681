import { assert } from "@bourse/model/assert";
import type { RoleConstraints } from "@bourse/model/constraints";
import type { Capability } from "@bourse/model/framework";
import type { AgentId, FrameworkId, Role } from "@bourse/model/ids";
import type { Resources } from "@bourse/model/resources";
import { isRoleWithin } from "@bourse/model/role-name";
import { takesOf } from "./clients.ts";
import { type CompiledRole, compileRole } from "./constraints.ts";
import type { Minimum } from "./minimum.ts";
import type { Agents } from "./relax.ts";
import { NONE } from "./slots.ts";
import type { Tables } from "./tables.ts";

export type ExplainQuestion = QuestionOptions &
  (
    | {
        readonly kind?: "framework";
        readonly frameworkId: FrameworkId;
        /** What it would like to place on one agent. */
        readonly wanted?: Resources;
      }
    /** All frameworks in the role and below it. */
    | { readonly kind: "role"; readonly role: Role }
    /** All frameworks, on one agent. */
    | { readonly kind: "agent"; readonly agentId: AgentId }
    /** A task that no framework has asked for yet. */
    | {
        readonly kind: "shape";
        readonly role: Role;
        readonly wanted: Resources;
        /** Valid (`compileRole`). */
        readonly constraints?: RoleConstraints;
        readonly capabilities?: readonly Capability[];
      }
  );

interface QuestionOptions {
  readonly inactivityOf?: (agentId: AgentId) => Inactivity;
  /** Only the first so many agents, in the order of their slots. */
  readonly agentsMax?: number;
}

/** Why an agent gives no offers, which the allocator does not know, and what would help. */
export interface Inactivity {
  readonly detail: string;
  readonly remedy: (agents: Agents) => string;
}

/** Who might be offered something: a framework in one of its roles, or a shape. */
export interface Candidate {
  /** NONE for a shape. */
  readonly pair: number;
  readonly frameworkId?: FrameworkId;
  readonly role: Role;
  readonly takes: number;
  readonly minimum: Minimum;
  readonly constraints?: CompiledRole;
  readonly wanted?: Resources;
}

/** One framework's candidates, or the shape's: what one verdict is about. */
export type Candidates = readonly Candidate[];

export function candidatesOf(tables: Tables, question: ExplainQuestion): readonly Candidates[] {
  const { clients } = tables;
  if (question.kind === undefined || question.kind === "framework") {
    const { frameworkId, wanted } = question;
    const framework = clients.frameworks.slotOf(frameworkId);
    assert(framework !== NONE, `framework ${frameworkId} must be known to the allocator`);
    const candidates = subscribed(tables, framework, () => true);
    if (wanted === undefined) return [candidates];
    return [candidates.map((candidate) => ({ ...candidate, wanted }))];
  }
  switch (question.kind) {
    case "role":
      return ofAll(tables, (role) => isRoleWithin(role, question.role));
    case "agent":
      return ofAll(tables, () => true);
    case "shape": {
      const { role, wanted, constraints, capabilities } = question;
      const compiled = constraints === undefined ? undefined : compileRole(constraints);
      return [
        [
          {
            pair: NONE,
            role,
            takes: takesOf(capabilities ?? []),
            minimum: tables.minimum,
            wanted,
            ...(compiled !== undefined &&
              typeof compiled !== "string" && { constraints: compiled }),
          },
        ],
      ];
    }
  }
}

function ofAll(tables: Tables, isMeant: (role: Role) => boolean): readonly Candidates[] {
  return tables.clients.frameworks
    .list()
    .map((framework) => subscribed(tables, framework, isMeant))
    .filter((candidates) => candidates.length > 0);
}

function subscribed(
  { clients, exclusions, minimum }: Tables,
  framework: number,
  isMeant: (role: Role) => boolean,
): Candidates {
  const frameworkId = clients.frameworks.idOf(framework) as FrameworkId;
  return Array.from(clients.pairsOf(framework))
    .filter(([role, pair]) => clients.isSubscribed[pair] === 1 && isMeant(role))
    .map(([role, pair]) => {
      const constraints = exclusions.of(pair);
      return {
        pair,
        frameworkId,
        role,
        takes: clients.takes[framework]!,
        minimum: clients.minimumOf[pair] ?? minimum,
        ...(constraints !== undefined && { constraints }),
      };
    });
}
