import { readFile } from "node:fs/promises";
import type { MasterOptions } from "@bourse/master/main";
import { parseDomain } from "@bourse/model/domain-text";
import { ClusterError } from "@bourse/model/errors";
import type { Quota, RoleWeight } from "@bourse/model/quota";
import type { Command } from "commander";
import { parseAmounts } from "./amounts-text.ts";
import { collect, durationMs, integerOf } from "./context.ts";
import { parseWeights } from "./role.ts";
import { roleOf } from "./role-lookup.ts";
import { minAllocatableOf, namesOf, sorterOf } from "./sharing-flags.ts";

/** What may be changed of how a cluster is shared, as flags of several commands of the simulator. */
export interface PolicyFlags {
  readonly set?: readonly string[];
  readonly policy?: string;
  readonly weight?: readonly string[];
  readonly quota?: readonly string[];
  readonly guarantee?: readonly string[];
}

export interface PolicyChange {
  readonly config: MasterOptions["config"];
  readonly weights: readonly RoleWeight[];
  /** What a quota does not name stays as it is. */
  readonly quotas: readonly (Pick<Quota, "role"> & Partial<Quota>)[];
  /** As it was written, for people. */
  readonly texts: readonly string[];
}

export function addPolicyOptions(command: Command): Command {
  return command
    .option(
      "--set <name=value>",
      `a setting of the master: ${Object.keys(SETTINGS).join(", ")}`,
      collect,
    )
    .option("--weight <role=weight>", "e.g. eng=2; repeat it", collect)
    .option(
      "--quota <role=amounts>",
      "a limit, e.g. 'eng=cpus:20;mem:4096'; none lifts it",
      collect,
    )
    .option(
      "--guarantee <role=amounts>",
      "a promise, e.g. eng=cpus:10; none takes it back",
      collect,
    )
    .option("--policy <file>", "all of these from a YAML file");
}

export function isPolicyChanged(flags: PolicyFlags): boolean {
  const { set = [], weight = [], quota = [], guarantee = [], policy } = flags;
  return policy !== undefined || [set, weight, quota, guarantee].some((list) => list.length > 0);
}

/** The file first, so that flags may overrule it. */
export async function policyChangeOf(flags: PolicyFlags): Promise<PolicyChange> {
  const fromFile = flags.policy === undefined ? NOTHING : await policyFile(flags.policy);
  const set = [...fromFile.set, ...(flags.set ?? [])];
  const weight = lastOfEach([...fromFile.weight, ...(flags.weight ?? [])]);
  const quota = lastOfEach([...fromFile.quota, ...(flags.quota ?? [])]);
  const guarantee = lastOfEach([...fromFile.guarantee, ...(flags.guarantee ?? [])]);
  const quotas = new Map<string, Pick<Quota, "role"> & Partial<Quota>>();
  for (const [field, flag, texts] of [
    ["limits", "--quota", quota],
    ["guarantees", "--guarantee", guarantee],
  ] as const) {
    for (const text of texts) {
      const [role, amounts] = pairOf(text, flag, "eng=cpus:20");
      const named = roleOf(role, flag);
      quotas.set(named, {
        ...quotas.get(named),
        role: named,
        [field]: parseAmounts(amounts, flag),
      });
    }
  }
  return {
    config: settingsOf(set, "--set"),
    weights: parseWeights(weight),
    quotas: Array.from(quotas.values()),
    texts: [
      ...set,
      ...weight.map((text) => `weight ${text}`),
      ...quota.map((text) => `limit ${text}`),
      ...guarantee.map((text) => `guarantee ${text}`),
    ],
  };
}

/** Named as the flags of `bourse master`. */
const SETTINGS: Readonly<Record<string, (text: string, flag: string) => MasterOptions["config"]>> =
  {
    "role-sorter": (text, flag) => ({ roleSorter: sorterOf(text, flag) }),
    "framework-sorter": (text, flag) => ({ frameworkSorter: sorterOf(text, flag) }),
    "fair-sharing-excluded": (text, flag) => ({
      fairnessExcluded: text === "none" ? [] : namesOf(text, flag),
    }),
    "min-allocatable": (text, flag) => ({ minAllocatable: minAllocatableOf(text, flag) }),
    "allocation-interval": (text, flag) => ({ allocationIntervalMs: longerThan0(text, flag) }),
    "offer-timeout": (text, flag) => {
      const offerTimeoutMs = durationMs(text, flag);
      return { offerTimeoutMs: offerTimeoutMs === 0 ? null : offerTimeoutMs };
    },
    "agent-ping-interval": (text, flag) => ({ agentPingIntervalMs: longerThan0(text, flag) }),
    "agent-ping-misses": (text, flag) => ({ agentPingMissesMax: integerOf(text, flag, 1, 1_000) }),
    "agent-reregister-timeout": (text, flag) => ({
      agentReregisterTimeoutMs: longerThan0(text, flag),
    }),
    "failover-timeout": (text, flag) => ({ failoverTimeoutDefaultMs: longerThan0(text, flag) }),
    domain: (text, flag) => ({ domain: parseDomain(text, flag) }),
  };

/** Each `name=value`; of several for one name the last counts. */
export function settingsOf(texts: readonly string[], flag: string): MasterOptions["config"] {
  return Object.assign({}, ...texts.map((text) => settingOf(text, flag))) as PolicyChange["config"];
}

function settingOf(text: string, flag: string): MasterOptions["config"] {
  const [name, value] = pairOf(text, flag, "role-sorter=random");
  const read = SETTINGS[name.replace(/^--/, "")];
  if (read !== undefined) return read(value, `${flag} ${name}`);
  throw new ClusterError("invalid_call", `${flag} ${name}: the master has no such setting`, {
    hint: `take one of ${Object.keys(SETTINGS).join(", ")}`,
  });
}

function longerThan0(text: string, flag: string): number {
  const ms = durationMs(text, flag);
  if (ms > 0) return ms;
  throw new ClusterError("invalid_call", `${flag} must be longer than 0`);
}

function pairOf(text: string, flag: string, example: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at > 0 && at < text.length - 1) return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  throw new ClusterError("invalid_call", `${flag} ${JSON.stringify(text)} is no pair`, {
    hint: `write it like ${example}`,
  });
}

/** Of several for one name the last counts. */
function lastOfEach(texts: readonly string[]): readonly string[] {
  return Array.from(new Map(texts.map((text) => [text.split("=")[0], text])).values());
}

interface FileTexts {
  readonly set: readonly string[];
  readonly weight: readonly string[];
  readonly quota: readonly string[];
  readonly guarantee: readonly string[];
}

const NOTHING: FileTexts = { set: [], weight: [], quota: [], guarantee: [] };

/**
 * Settings by their names, and the three maps:
 *
 *   role-sorter: random
 *   weights: { eng: 2 }
 *   quotas: { eng: "cpus:20;mem:4096" }
 *   guarantees: { eng: cpus:10 }
 */
async function policyFile(path: string): Promise<FileTexts> {
  const { parse } = await import("yaml");
  const refuse = (problem: string, cause?: unknown): ClusterError =>
    new ClusterError("invalid_call", `--policy ${path}: ${problem}`, {
      cause,
      hint: "write settings like `role-sorter: random`, and maps `weights`, `quotas`, `guarantees` by role",
    });
  let document: unknown;
  try {
    document = parse(await readFile(path, "utf8"));
  } catch (error) {
    throw refuse(ClusterError.from(error).message, error);
  }
  const isMap = typeof document === "object" && document !== null && !Array.isArray(document);
  if (!isMap) throw refuse("it is no map of settings");
  const pairs = (value: unknown, name: string): readonly string[] => {
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return Object.entries(value).map(([role, item]) => `${role}=${String(item)}`);
    throw refuse(`${name} is no map by role`);
  };
  const texts = {
    set: [] as string[],
    weight: [] as string[],
    quota: [] as string[],
    guarantee: [] as string[],
  };
  for (const [name, value] of Object.entries(document as object)) {
    if (name === "weights") texts.weight.push(...pairs(value, name));
    else if (name === "quotas") texts.quota.push(...pairs(value, name));
    else if (name === "guarantees") texts.guarantee.push(...pairs(value, name));
    else texts.set.push(`${name}=${String(value)}`);
  }
  return texts;
}
