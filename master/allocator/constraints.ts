import type { Attribute, FaultDomain } from "@bourse/model/agent";
import type {
  AttributeConstraint,
  ConstraintSelector,
  OfferConstraints,
  RoleConstraints,
} from "@bourse/model/constraints";
import type { Role } from "@bourse/model/ids";
import { RE2JS, RE2JSException } from "re2js";

/**
 * Mesos' default for `--offer_constraints_re2_max_program_size` (FEATURES M-38). RE2 counts instructions on bytes and re2js
 * on characters, so that a few expressions with Unicode classes are within the limit here and not there.
 */
export const PROGRAM_SIZE_MAX = 100;
/**
 * In characters. No literal of more than 98 has a program within the limit; classes and alternatives may be longer.
 * It bounds what is compiled only to be found too complex: 244,000 instructions for the worst one of this length.
 */
export const PATTERN_LENGTH_MAX = 256;
/** Per role. Mesos has no bound; every group is looked at for every agent. */
export const GROUPS_MAX = 32;
/** Per group. */
export const CONSTRAINTS_MAX = 32;

/** Of one framework: compiling a valid one takes some 0.05 ms, and 4 ms at worst, in which the master does nothing else. */
export const EXPRESSIONS_MAX = 256;

/** What constraints look at; part of `AgentOptions`. */
export interface ConstrainedAgent {
  readonly hostname: string;
  readonly attributes: readonly Attribute[];
  readonly domain?: FaultDomain;
}

/** Constraints of one role, ready to be evaluated. */
export interface CompiledRole {
  /** What it was compiled from: snapshots keep this. */
  readonly source: RoleConstraints;
  readonly groups: readonly (readonly CompiledConstraint[])[];
}

interface CompiledConstraint {
  readonly source: AttributeConstraint;
  /** Whether it holds for an agent that has no such attribute. */
  readonly ifAbsent: boolean;
  /** Whether it holds for a text; whatever is no text holds unless the constraint is `not-exists`. */
  readonly forText: (text: string) => boolean;
}

export type Compilation =
  | { readonly kind: "compiled"; readonly roles: ReadonlyMap<Role, CompiledRole> }
  /** A sentence about the first thing that is wrong; nothing of the call may be applied. */
  | { readonly kind: "invalid"; readonly reason: string };

/**
 * Makes a framework's offer constraints ready, or says why they are invalid: an empty list, too many, or a regular
 * expression that is wrong or too complex (FEATURES M-38). Evaluation takes time linear in the text, whatever the
 * pattern: RE2's syntax has no back references and no look-around.
 */
export function compileConstraints(constraints: OfferConstraints): Compilation {
  const expressions = Array.from(constraints.values(), expressionsIn);
  const count = expressions.reduce((sum, inRole) => sum + inRole, 0);
  if (count > EXPRESSIONS_MAX)
    return { kind: "invalid", reason: `offer constraints: ${tooManyExpressions(count)}` };
  const roles = new Map<Role, CompiledRole>();
  for (const [role, groups] of constraints) {
    const compiled = compileRole(groups);
    if (typeof compiled === "string")
      return { kind: "invalid", reason: `offer constraints of role ${role}: ${compiled}` };
    roles.set(role, compiled);
  }
  return { kind: "compiled", roles };
}

/** The same for one role; a text is the reason why it is invalid. */
export function compileRole(source: RoleConstraints): CompiledRole | string {
  if (source.length === 0)
    return "there is no group of constraints; leave the role out to take every agent";
  if (source.length > GROUPS_MAX)
    return `${source.length} groups are more than ${GROUPS_MAX}; use one regular expression for many values`;
  const expressions = expressionsIn(source);
  if (expressions > EXPRESSIONS_MAX) return tooManyExpressions(expressions);
  const groups: CompiledConstraint[][] = [];
  for (const group of source) {
    if (group.length === 0)
      return "a group has no constraints; leave the role out to take every agent";
    if (group.length > CONSTRAINTS_MAX)
      return `${group.length} constraints in a group are more than ${CONSTRAINTS_MAX}`;
    const compiled: CompiledConstraint[] = [];
    for (const constraint of group) {
      const one = compileOne(constraint);
      if (typeof one === "string") return `${formatConstraint(constraint)}: ${one}`;
      compiled.push(one);
    }
    groups.push(compiled);
  }
  return { source, groups };
}

/** Whether the agent may be offered to a role with these constraints: all of one of the groups hold. */
export function mayTakeAgent(compiled: CompiledRole, agent: ConstrainedAgent): boolean {
  return compiled.groups.some((group) => group.every((constraint) => holds(constraint, agent)));
}

/** By group, what does not hold for the agent; some group is empty when it may be offered. */
export function failedConstraints(
  compiled: CompiledRole,
  agent: ConstrainedAgent,
): readonly (readonly AttributeConstraint[])[] {
  return compiled.groups.map((group) =>
    group.filter((constraint) => !holds(constraint, agent)).map(({ source }) => source),
  );
}

/** `rack!=r1`, `@zone~us-.*`, `ssd`, `!ssd`: what the command line reads. */
export function formatConstraint({ selector, predicate }: AttributeConstraint): string {
  const name = selector.type === "attribute" ? selector.name : `@${selector.type}`;
  switch (predicate.type) {
    case "exists":
      return name;
    case "not-exists":
      return `!${name}`;
    case "text-equals":
      return `${name}=${predicate.value}`;
    case "text-not-equals":
      return `${name}!=${predicate.value}`;
    case "text-matches":
      return `${name}~${predicate.pattern}`;
    case "text-not-matches":
      return `${name}!~${predicate.pattern}`;
  }
}

function expressionsIn(groups: RoleConstraints): number {
  return groups.flat().filter(({ predicate }) => "pattern" in predicate).length;
}

function tooManyExpressions(count: number): string {
  return `${count} regular expressions are more than ${EXPRESSIONS_MAX}; one can have many alternatives`;
}

/** As Mesos' offer_constraints_filter.cpp has it: a negation holds for what is not there, a text test does not. */
function compileOne(source: AttributeConstraint): CompiledConstraint | string {
  const { selector, predicate } = source;
  if (selector.type === "attribute" && selector.name === "") return "the attribute has no name";
  switch (predicate.type) {
    case "exists":
      return { source, ifAbsent: false, forText: () => true };
    case "not-exists":
      return { source, ifAbsent: true, forText: () => false };
    case "text-equals":
      return { source, ifAbsent: false, forText: (text) => text === predicate.value };
    case "text-not-equals":
      return { source, ifAbsent: true, forText: (text) => text !== predicate.value };
    case "text-matches":
    case "text-not-matches": {
      const pattern = compilePattern(predicate.pattern);
      if (typeof pattern === "string") return pattern;
      const isNegated = predicate.type === "text-not-matches";
      return {
        source,
        ifAbsent: isNegated,
        forText: (text) => pattern.matches(text) !== isNegated,
      };
    }
  }
}

function compilePattern(pattern: string): RE2JS | string {
  if (pattern.length > PATTERN_LENGTH_MAX)
    return `the regular expression has ${pattern.length} characters, more than ${PATTERN_LENGTH_MAX}`;
  try {
    const compiled = RE2JS.compile(pattern);
    const size = compiled.programSize();
    if (size <= PROGRAM_SIZE_MAX) return compiled;
    return `the regular expression is too complex: its program has ${size} instructions, more than ${PROGRAM_SIZE_MAX}`;
  } catch (thrown) {
    if (thrown instanceof RE2JSException) return thrown.message;
    throw thrown;
  }
}

function holds(constraint: CompiledConstraint, agent: ConstrainedAgent): boolean {
  const value = attributeValue(constraint.source.selector, agent);
  if (value === undefined) return constraint.ifAbsent;
  if (value.type === "text") return constraint.forText(value.text);
  return constraint.source.predicate.type !== "not-exists";
}

function attributeValue(
  selector: ConstraintSelector,
  { hostname, attributes, domain }: ConstrainedAgent,
): Attribute["value"] | undefined {
  switch (selector.type) {
    case "hostname":
      return { type: "text", text: hostname };
    case "region":
    case "zone":
      return domain === undefined ? undefined : { type: "text", text: domain[selector.type] };
    case "attribute":
      return attributes.find(({ name }) => name === selector.name)?.value;
  }
}
