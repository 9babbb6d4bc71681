import type { Attribute } from "@bourse/model/agent";
import { attributeText } from "@bourse/model/attributes-text";
import type { DeclineReason, Offer } from "@bourse/model/offer";
import {
  canonical,
  formatMilli,
  type IntegerRange,
  kindOf,
  type Resource,
  type Resources,
  subtract,
} from "@bourse/model/resources";

/** What a task wants of an offer. */
export interface PlacementRequest {
  /** Plain amounts are met from reserved and unreserved resources; others only by exactly their kind. */
  readonly resources: Resources;
  /** How many host ports to take, whichever they are; 0 by default. */
  readonly ports?: number;
  readonly constraints?: readonly PlacementConstraint[];
}

/** FEATURES MA-5, as far as one offer alone can tell. Only the `not-` kinds accept an agent that lacks the attribute. */
export type PlacementConstraint =
  | { readonly kind: "hostname-equals" | "hostname-not-equals"; readonly hostname: string }
  | {
      readonly kind: "attribute-equals" | "attribute-not-equals";
      readonly name: string;
      readonly text: string;
    }
  | { readonly kind: "attribute-exists" | "attribute-not-exists"; readonly name: string };

export type Fit =
  | {
      readonly isFit: true;
      /** Exactly what to put into the task: the kinds of the offer, with the ports. */
      readonly taken: Resources;
      readonly rest: Resources;
      /** The host ports, ascending. */
      readonly ports: readonly number[];
    }
  | { readonly isFit: false; readonly reasons: readonly DeclineReason[] };

/**
 * Takes what a task wants out of resources that were offered (FEATURES K-4): reserved before unreserved, the lowest
 * ports first, exactly. When something is missing it says everything that is, not only the first.
 */
export function fit(
  offered: Resources,
  request: Pick<PlacementRequest, "resources" | "ports">,
): Fit {
  const pool = new Map(offered.map((resource) => [kindOf(resource), resource]));
  const taken: Resource[] = [];
  const reasons: DeclineReason[] = [];
  for (const wanted of request.resources) {
    const found = takeOne(pool, wanted);
    if ("code" in found) reasons.push(found);
    else taken.push(...found.taken);
  }
  const ports = takePorts(pool, request.ports ?? 0);
  if ("code" in ports) reasons.push(ports);
  else taken.push(...ports.taken);
  if (reasons.length > 0 || "code" in ports) return { isFit: false, reasons };
  const all = canonical(taken);
  return { isFit: true, taken: all, rest: subtract(offered, all), ports: ports.ports };
}

/** Everything that keeps a task off an offer: constraints first, then what is short. Empty = it fits. */
export function explainMisfit(
  offer: Pick<Offer, "hostname" | "attributes" | "resources">,
  request: PlacementRequest,
): readonly DeclineReason[] {
  const result = fit(offer.resources, request);
  const broken = brokenConstraints(offer, request.constraints ?? []);
  return result.isFit ? broken : [...broken, ...result.reasons];
}

export function brokenConstraints(
  agent: { readonly hostname: string; readonly attributes: readonly Attribute[] },
  constraints: readonly PlacementConstraint[],
): readonly DeclineReason[] {
  return constraints.flatMap((constraint) => {
    const detail = objection(agent, constraint);
    return detail === null ? [] : [{ code: `constraint-${constraint.kind}`, detail }];
  });
}

/** Why the agent breaks the constraint, in words; null when it does not. */
function objection(
  agent: { readonly hostname: string; readonly attributes: readonly Attribute[] },
  constraint: PlacementConstraint,
): string | null {
  switch (constraint.kind) {
    case "hostname-equals":
    case "hostname-not-equals": {
      const isSame = agent.hostname === constraint.hostname;
      if (isSame === (constraint.kind === "hostname-equals")) return null;
      return isSame
        ? `the host must not be ${constraint.hostname}`
        : `the host must be ${constraint.hostname}, it is ${agent.hostname}`;
    }
    case "attribute-equals":
    case "attribute-not-equals": {
      const { name, text } = constraint;
      const values = textsOf(agent.attributes, name);
      const isSame = values.includes(text);
      if (isSame === (constraint.kind === "attribute-equals")) return null;
      if (isSame) return `${name} must not be ${text}`;
      return values.length === 0
        ? `${name} must be ${text}, the agent has no ${name}`
        : `${name} must be ${text}, it is ${values.join(", ")}`;
    }
    case "attribute-exists":
    case "attribute-not-exists": {
      const has = agent.attributes.some((attribute) => attribute.name === constraint.name);
      if (has === (constraint.kind === "attribute-exists")) return null;
      return has ? `the agent has ${constraint.name}` : `the agent has no ${constraint.name}`;
    }
  }
}

function textsOf(attributes: readonly Attribute[], name: string): readonly string[] {
  return attributes
    .filter((attribute) => attribute.name === name)
    .map((attribute) => attributeText(attribute.value));
}

type Taken = { readonly taken: readonly Resource[] };

/** Takes `wanted` out of the pool; a misfit leaves the pool as it was. */
function takeOne(pool: Map<string, Resource>, wanted: Resource): Taken | DeclineReason {
  const sources = sourcesOf(pool, wanted);
  switch (wanted.value.type) {
    case "scalar":
      return takeScalar(pool, sources, wanted.name, wanted.value.milli);
    case "ranges":
      return takeRanges(pool, sources, wanted.name, wanted.value.ranges);
    case "set": {
      const { items } = wanted.value;
      const has = (item: string) =>
        sources.some(({ value }) => value.type === "set" && value.items.includes(item));
      const missing = items.filter((item) => !has(item));
      if (missing.length > 0) return short(wanted.name, `${missing.join(", ")} not offered`);
      return {
        taken: sources.flatMap((source) => {
          const value = source.value;
          const part = items.filter((item) => value.type === "set" && value.items.includes(item));
          return part.length === 0
            ? []
            : [remove(pool, { ...source, value: { type: "set", items: part } })];
        }),
      };
    }
  }
}

/**
 * A plain request may use any resource of the name that is the framework's alone and gone for nobody: not revocable,
 * not shared, no special disk. Reserved ones first, for nobody else can use them.
 */
function sourcesOf(pool: Map<string, Resource>, wanted: Resource): readonly Resource[] {
  const kind = kindOf(wanted);
  if (wanted.reservations || wanted.disk || wanted.isShared || wanted.isRevocable) {
    const exact = pool.get(kind);
    return exact === undefined ? [] : [exact];
  }
  const sources: Resource[] = [];
  for (const resource of pool.values()) {
    if (resource.name !== wanted.name || resource.value.type !== wanted.value.type) continue;
    if (resource.disk || resource.isShared || resource.isRevocable) continue;
    if (resource.reservations === undefined) sources.push(resource);
    else sources.unshift(resource);
  }
  return sources;
}

function takeScalar(
  pool: Map<string, Resource>,
  sources: readonly Resource[],
  name: string,
  wantedMilli: number,
): Taken | DeclineReason {
  const amounts = sources.map(({ value }) => (value.type === "scalar" ? value.milli : 0));
  const offeredMilli = amounts.reduce((sum, milli) => sum + milli, 0);
  if (offeredMilli < wantedMilli) {
    const missing = formatMilli(wantedMilli - offeredMilli);
    return short(
      name,
      `${missing} short: ${formatMilli(wantedMilli)} wanted, ${formatMilli(offeredMilli)} offered`,
    );
  }
  const taken: Resource[] = [];
  let leftMilli = wantedMilli;
  for (const [index, source] of sources.entries()) {
    const milli = Math.min(leftMilli, amounts[index] ?? 0);
    if (milli === 0) continue;
    taken.push(remove(pool, { ...source, value: { type: "scalar", milli } }));
    leftMilli -= milli;
  }
  return { taken };
}

function takeRanges(
  pool: Map<string, Resource>,
  sources: readonly Resource[],
  name: string,
  wanted: readonly IntegerRange[],
): Taken | DeclineReason {
  let missing = wanted;
  const parts: Resource[] = [];
  for (const source of sources) {
    if (source.value.type !== "ranges") continue;
    const part = intersect(source.value.ranges, missing);
    if (part.length === 0) continue;
    parts.push({ ...source, value: { type: "ranges", ranges: part } });
    missing = without(missing, part);
  }
  if (missing.length > 0) {
    const list = missing.map(({ begin, end }) => (begin === end ? begin : `${begin}-${end}`));
    return short(name, `${list.join(", ")} not offered`);
  }
  return { taken: parts.map((part) => remove(pool, part)) };
}

function takePorts(
  pool: Map<string, Resource>,
  count: number,
): (Taken & { readonly ports: readonly number[] }) | DeclineReason {
  if (count === 0) return { taken: [], ports: [] };
  const sources = sourcesOf(pool, { name: "ports", value: { type: "ranges", ranges: [] } });
  const ports: number[] = [];
  const taken: Resource[] = [];
  for (const source of sources) {
    if (source.value.type !== "ranges" || ports.length === count) continue;
    const part: IntegerRange[] = [];
    for (const { begin, end } of source.value.ranges) {
      const last = Math.min(end, begin + count - ports.length - 1);
      if (last < begin) break;
      for (let port = begin; port <= last; port++) ports.push(port);
      part.push({ begin, end: last });
    }
    taken.push({ ...source, value: { type: "ranges", ranges: part } });
  }
  if (ports.length < count)
    return short(
      "ports",
      `${count - ports.length} short: ${count} wanted, ${ports.length} offered`,
    );
  return {
    taken: taken.map((part) => remove(pool, part)),
    ports: ports.sort((a, b) => a - b),
  };
}

function short(name: string, detail: string): DeclineReason {
  return { code: `insufficient-${name}`, detail };
}

/** Takes `part` out of its kind in the pool, and returns it. */
function remove(pool: Map<string, Resource>, part: Resource): Resource {
  const kind = kindOf(part);
  const held = pool.get(kind);
  const [rest] = held === undefined ? [] : subtract([held], [part]);
  if (rest === undefined) pool.delete(kind);
  else pool.set(kind, rest);
  return part;
}

/** Both lists ascending and merged. */
function intersect(
  left: readonly IntegerRange[],
  right: readonly IntegerRange[],
): readonly IntegerRange[] {
  return left.flatMap((a) =>
    right.flatMap((b) => {
      const begin = Math.max(a.begin, b.begin);
      const end = Math.min(a.end, b.end);
      return begin <= end ? [{ begin, end }] : [];
    }),
  );
}

function without(
  whole: readonly IntegerRange[],
  part: readonly IntegerRange[],
): readonly IntegerRange[] {
  if (whole.length === 0) return whole;
  const [rest] = subtract(
    [{ name: "", value: { type: "ranges", ranges: whole } }],
    [{ name: "", value: { type: "ranges", ranges: part } }],
  );
  return rest?.value.type === "ranges" ? rest.value.ranges : [];
}
