/** More than any report has: a page of more would not open. */
const INTERVALS_MAX = 10_000;
const HEAT_MAX = 1_000;
const ENTRIES_MAX = 100_000;

/** What of a report is not as it should be, with where; null = all of it is. Unknown fields are left alone. */
export function wrongShape(value: unknown): string | null {
  try {
    checkReport(object(value, "the report"));
    return null;
  } catch (thrown) {
    if (thrown instanceof WrongShape) return thrown.message;
    throw thrown;
  }
}

class WrongShape extends Error {}

type Fields = Readonly<Record<string, unknown>>;

function checkReport(report: Fields): void {
  const scenario = object(report.scenario, "scenario");
  for (const key of ["name", "seed", "digest"]) text(scenario[key], `scenario.${key}`);
  for (const key of ["agents", "frameworks", "tasks", "faults"])
    number(scenario[key], `scenario.${key}`);
  numbersIn(scenario.capacity, "scenario.capacity");
  text(report.hash, "hash");
  if (report.command !== undefined) text(report.command, "command");
  if (typeof report.isComplete !== "boolean") fail("isComplete", "true or false");
  for (const key of ["virtualMs", "events", "wallSeconds", "masterCoreSeconds", "peakRssMib"])
    number(report[key], key);
  for (const [index, each] of list(report.violations, "violations", ENTRIES_MAX).entries()) {
    const violation = object(each, `violations[${index}]`);
    for (const key of ["check", "message"]) text(violation[key], `violations[${index}].${key}`);
  }
  named(report.tasks, "tasks", "submitted placed running finished failed retries");
  named(report.offers, "offers", "made accepted declined rescinded expired");
  const latency = object(report.latencyMs, "latencyMs");
  for (const part of LATENCIES) named(latency[part], `latencyMs.${part}`, "count p50 p99 max");
  const decisions = object(report.decisions, "decisions");
  for (const kind of ["accept", "update", "allocateOne", "allocateAll"]) {
    const times = named(decisions[kind], `decisions.${kind}`, "count p50 p99 max");
    numbers(times.buckets, `decisions.${kind}.buckets`, 100);
  }
  checkSeries(object(report.series, "series"));
  for (const [index, each] of list(report.roles, "roles", ENTRIES_MAX).entries()) {
    const role = named(
      each,
      `roles[${index}]`,
      "unservedMs longestUnservedMs longestWaitMs meanShare",
    );
    text(role.role, `roles[${index}].role`);
  }
  for (const [index, each] of list(report.timeline, "timeline", ENTRIES_MAX).entries()) {
    const entry = named(each, `timeline[${index}]`, "atMs");
    text(entry.text, `timeline[${index}].text`);
    if (!["fault", "operation", "violation"].includes(String(entry.kind)))
      fail(`timeline[${index}].kind`, "fault, operation or violation");
  }
  number(report.timelineLeftOut, "timelineLeftOut");
  checkHeat(object(report.heat, "heat"));
}

const LATENCIES = [
  ...["submitToOffered", "submitToAccepted", "submitToRunning"],
  ...["acceptToStaging", "stagingToRunning"],
];

function checkSeries(series: Fields): void {
  number(series.stepMs, "series.stepMs");
  const { length } = numbers(series.atMs, "series.atMs", INTERVALS_MAX);
  const column = (value: unknown, where: string, mayBeNull = false): void => {
    if (numbers(value, where, INTERVALS_MAX, mayBeNull).length !== length)
      fail(where, `a list of ${length}, as long as series.atMs`);
  };
  for (const key of ["pending", "running", "launched"]) column(series[key], `series.${key}`);
  for (const key of ["used", "fragmentation", "shares", "offers"])
    for (const [name, values] of Object.entries(object(series[key], `series.${key}`)))
      column(values, `series.${key}.${name}`);
  for (const outcome of ["made", "accepted", "declined", "rescinded", "expired"])
    column(object(series.offers, "series.offers")[outcome], `series.offers.${outcome}`);
  const latency = object(series.latencyMs, "series.latencyMs");
  for (const state of ["offered", "accepted", "running"]) {
    const where = `series.latencyMs.${state}`;
    const { p50, p99 } = object(latency[state], where);
    column(p50, `${where}.p50`, true);
    column(p99, `${where}.p99`, true);
  }
}

function checkHeat(heat: Fields): void {
  const agents = list(heat.agents, "heat.agents", HEAT_MAX);
  for (const name of agents) text(name, "heat.agents");
  const { length } = numbers(heat.atMs, "heat.atMs", HEAT_MAX);
  const rows = list(heat.percent, "heat.percent", HEAT_MAX);
  if (rows.length !== agents.length)
    fail("heat.percent", `a row for each of ${agents.length} agents`);
  rows.forEach((row, index) => {
    if (numbers(row, `heat.percent[${index}]`, HEAT_MAX).length !== length)
      fail(`heat.percent[${index}]`, `a list of ${length}, as long as heat.atMs`);
  });
}

function fail(where: string, wanted: string): never {
  throw new WrongShape(`${where} must be ${wanted}`);
}

function object(value: unknown, where: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(where, "an object");
  return value as Fields;
}

function named(value: unknown, where: string, keys: string): Fields {
  const fields = object(value, where);
  for (const key of keys.split(" ")) number(fields[key], `${where}.${key}`);
  return fields;
}

function numbersIn(value: unknown, where: string): void {
  for (const [name, amount] of Object.entries(object(value, where)))
    number(amount, `${where}.${name}`);
}

function list(value: unknown, where: string, max: number): readonly unknown[] {
  if (!Array.isArray(value)) fail(where, "a list");
  if (value.length > max) fail(where, `a list of at most ${max}`);
  return value as readonly unknown[];
}

function numbers(
  value: unknown,
  where: string,
  max: number,
  mayBeNull = false,
): readonly unknown[] {
  const all = list(value, where, max);
  for (const each of all) {
    if (!(mayBeNull && each === null) && !Number.isFinite(each)) fail(where, "a list of numbers");
  }
  return all;
}

function number(value: unknown, where: string): void {
  if (!Number.isFinite(value)) fail(where, "a number");
}

function text(value: unknown, where: string): void {
  if (typeof value !== "string") fail(where, "a text");
}
