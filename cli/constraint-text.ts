import type {
  AttributeConstraint,
  ConstraintPredicate,
  ConstraintSelector,
} from "@bourse/model/constraints";
import { ClusterError } from "@bourse/model/errors";

/**
 * Reads a constraint as a user writes it: `ssd` and `!ssd` (there is such an attribute, or none), `rack=r1`,
 * `rack!=r1`, `rack~r[12]` and `rack!~r.*` (the whole text matches the RE2 expression, or not). `@hostname`,
 * `@region` and `@zone` stand for what agents have beside their attributes.
 */
export function parseConstraint(text: string): AttributeConstraint {
  const compared = /^([^=!~]+?)(==|!=|!~|=|~)(.*)$/s.exec(text);
  if (compared !== null) {
    const [, name = "", operator = "", value = ""] = compared;
    return {
      selector: selectorOf(name.trim(), text),
      predicate: predicateOf(operator, value.trim()),
    };
  }
  const [, isNegated, name = ""] = /^(!?)([^=!~]+)$/.exec(text) ?? [];
  return {
    selector: selectorOf(name.trim(), text),
    predicate: { type: isNegated === "!" ? "not-exists" : "exists" },
  };
}

function selectorOf(name: string, text: string): ConstraintSelector {
  if (name === "@hostname" || name === "@region" || name === "@zone")
    return { type: name.slice(1) as "hostname" | "region" | "zone" };
  if (name === "" || name.startsWith("@")) {
    throw new ClusterError(
      "invalid_call",
      `--constraint ${JSON.stringify(text)} is not a constraint`,
      {
        hint: "write ssd, !ssd, rack=r1, rack!=r1, rack~r[12] or rack!~r.*; @hostname, @region and @zone are names too",
      },
    );
  }
  return { type: "attribute", name };
}

function predicateOf(operator: string, value: string): ConstraintPredicate {
  switch (operator) {
    case "!=":
      return { type: "text-not-equals", value };
    case "~":
      return { type: "text-matches", pattern: value };
    case "!~":
      return { type: "text-not-matches", pattern: value };
    default:
      return { type: "text-equals", value };
  }
}
