import {
  canonical,
  type DiskInfo,
  formatMilli,
  formatResources,
  type Reservation,
  type Resource,
  type Resources,
  ranges,
  scalar,
} from "@bourse/model/resources";

/**
 * Resources as tests write them, with all that makes a kind: `cpus=1.5`, `ports=31000-31009`, `cpus(eng)=2`
 * (dynamic), `cpus(!ads)=2` (static), `cpus(eng>eng/a@principal)=1` (a stack), `disk(eng)[id:path]=10` (a volume;
 * `[id:path@principal]`), and flags after it: `+shared`, `+revocable`, `+ro`, `+path:ROOT`, `+mount:ROOT`, `+raw:ID`.
 */
export function resourcesOf(text: string): Resources {
  return canonical(listedResources(text));
}

/** As written: neither merged nor sorted. */
export function listedResources(text: string): Resource[] {
  return text === "" ? [] : text.split(",").map(resourceOf);
}

/** For what is printed: short while it is plain. */
export function formatAny(list: Resources): string {
  const isPlain = list.every(
    ({ reservations, disk, isShared, isRevocable }) =>
      !reservations && !disk && !isShared && !isRevocable,
  );
  return isPlain ? formatResources(list) : formatExact(list);
}

/** The way back. */
export function formatExact(list: Resources): string {
  return list.length === 0 ? "nothing" : list.map(formatOne).join(",");
}

function resourceOf(text: string): Resource {
  const match = /^([a-z]+)(?:\(([^)]*)\))?(?:\[([^\]]*)\])?((?:\+[^+=]+)*)=(.*)$/.exec(text);
  if (match === null) throw new Error(`no resource: ${text}`);
  const [, name = "", stack, volume, flags = "", amount = ""] = match;
  const words = flags.split("+").filter((word) => word !== "");
  const disk = diskOf(volume, words);
  return {
    ...amountOf(name, amount),
    ...(stack !== undefined && { reservations: stack.split(">").map(reservationOf) }),
    ...(disk !== null && { disk }),
    ...(words.includes("shared") && { isShared: true as const }),
    ...(words.includes("revocable") && { isRevocable: true as const }),
  };
}

function amountOf(name: string, amount: string): Resource {
  const [begin = "", end] = amount.split("-");
  if (end === undefined) return scalar(name, Math.round(Number(amount) * 1000));
  return ranges(name, [{ begin: Number(begin), end: Number(end) }]);
}

function reservationOf(text: string): Reservation {
  const type = text.startsWith("!") ? "static" : "dynamic";
  const [role = "", principal] = text.replace(/^!/, "").split("@");
  return { type, role, ...(principal !== undefined && { principal }) };
}

function diskOf(volume: string | undefined, words: readonly string[]): DiskInfo | null {
  const source = words.map(sourceOf).find((found) => found !== null) ?? null;
  if (volume === undefined) return source === null ? null : { source };
  const [id = "", rest = ""] = volume.split(":");
  const [containerPath = "", principal] = rest.split("@");
  return {
    ...(source !== null && { source }),
    persistence: { id, ...(principal !== undefined && { principal }) },
    volume: { containerPath, mode: words.includes("ro") ? "RO" : "RW" },
  };
}

function sourceOf(word: string): DiskInfo["source"] | null {
  const [type, where = ""] = word.split(":");
  if (type === "path" || type === "mount") return { type, root: where };
  return type === "raw" || type === "block" ? { type, id: where } : null;
}

function formatOne({ name, value, reservations, disk, isShared, isRevocable }: Resource): string {
  const stack = reservations?.map(
    ({ type, role, principal }) =>
      `${type === "static" ? "!" : ""}${role}${principal === undefined ? "" : `@${principal}`}`,
  );
  const { persistence, volume, source } = disk ?? {};
  const by = persistence?.principal === undefined ? "" : `@${persistence.principal}`;
  return [
    name,
    stack === undefined ? "" : `(${stack.join(">")})`,
    persistence === undefined ? "" : `[${persistence.id}:${volume?.containerPath}${by}]`,
    source === undefined ? "" : `+${source.type}:${source.root ?? source.id ?? ""}`,
    isShared ? "+shared" : "",
    isRevocable ? "+revocable" : "",
    "=",
    formatAmount(value),
  ].join("");
}

function formatAmount(value: Resource["value"]): string {
  switch (value.type) {
    case "scalar":
      return formatMilli(value.milli);
    case "ranges":
      return value.ranges.map(({ begin, end }) => `${begin}-${end}`).join("+");
    case "set":
      return `{${value.items.join("+")}}`;
  }
}
