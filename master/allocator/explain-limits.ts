import type { Role } from "@bourse/model/ids";
import type { Amount } from "@bourse/model/quota";
import { formatMilli } from "@bourse/model/resources";
import type { Candidate } from "./explain-candidate.ts";
import { type Finding, failed, passed } from "./explain-finding.ts";
import type { Fit } from "./explain-fit.ts";
import type { QuotaBooks } from "./explain-quota.ts";
import { formatAmounts, joined } from "./relax.ts";

/** Roles named in one sentence. */
const NAMED_MAX = 5;

/** Whether limits of the role and of those above it leave enough (FEATURES M-31), with the numbers. */
export function limitFinding(
  quota: QuotaBooks,
  { role }: Candidate,
  { shortOfLimits }: Fit,
): Finding {
  if (shortOfLimits.length === 0) return passed("quota-limit");
  const tightest = shortOfLimits.map(({ name }) => quota.limitOf(role, name)!);
  const raises = raisesOf(quota, role, shortOfLimits);
  return failed("quota-limit", role, {
    detail: () =>
      `${formatAmounts(shortOfLimits)} short: ${joined(
        tightest.map(
          ({ role: whose, name, consumedMilli, limitMilli }) =>
            `role ${whose} uses ${formatMilli(consumedMilli)} of at most ${formatMilli(limitMilli)} ${name}`,
        ),
      )}`,
    shortfalls: shortOfLimits,
    change: raises.map(({ whose }) => whose).join(" "),
    remedy: () =>
      `${formatAmounts(shortOfLimits)} more as limit: ${raises
        .map(({ whose, limits }) => `\`bourse role quota set ${whose} --limit ${quoted(limits)}\``)
        .join(" and ")}`,
  });
}

/** Each limit on the way from the top that is in the way, with all limits of its role, raised. */
function raisesOf(
  quota: QuotaBooks,
  role: Role,
  short: readonly Amount[],
): readonly { readonly whose: Role; readonly limits: readonly Amount[] }[] {
  const more = new Map<Role, Amount[]>();
  for (const { name, milli } of short) {
    const needMilli = quota.limitOf(role, name)!.roomMilli + milli;
    for (const { role: whose, roomMilli } of quota.limitsBelow(role, name, needMilli))
      more.set(whose, [...(more.get(whose) ?? []), { name, milli: needMilli - roomMilli }]);
  }
  return Array.from(more, ([whose, amounts]) => ({
    whose,
    limits: quota.withLimits(whose, amounts),
  }));
}

/** Whether guarantees of others leave enough, and for whom the rest is held. */
export function headroomFinding(
  quota: QuotaBooks,
  { role }: Candidate,
  { shortOfHeadroom }: Fit,
): Finding {
  if (shortOfHeadroom.length === 0) return passed("quota-headroom");
  const held = shortOfHeadroom.map(({ name }) => ({ name, ...quota.headroomOf(role, name)! }));
  const holders = Array.from(
    new Set(held.flatMap(({ heldFor }) => heldFor.map((one) => one.role))),
  );
  const [only] = holders;
  return failed("quota-headroom", role, {
    detail: () =>
      `${formatAmounts(shortOfHeadroom)} short: ${joined(
        held.map(
          ({ name, freeMilli, within, heldFor }) =>
            `of ${formatMilli(freeMilli)} ${name} ${within === undefined ? "free" : `left by the limit of role ${within}`} guarantees hold ${few(
              heldFor.map((one) => `${formatMilli(one.milli)} for role ${one.role}`),
            )}`,
        ),
      )}`,
    shortfalls: shortOfHeadroom,
    change: holders.join(" "),
    remedy: () =>
      `${formatAmounts(shortOfHeadroom)} more in the cluster, or less guaranteed to role ${few(holders, "or")}${
        only === undefined || holders.length > 1
          ? ""
          : `: \`bourse role quota set ${only} --guarantee ${quoted(quota.withGuarantees(only, shortOfHeadroom))}\``
      }`,
  });
}

/** `'cpus:1;mem:64'`, as a shell reads it. */
function quoted(amounts: readonly Amount[]): string {
  return `'${amounts.map(({ name, milli }) => `${name}:${formatMilli(milli)}`).join(";")}'`;
}

/** The first few, and how many more. */
function few(words: readonly string[], last = "and"): string {
  if (words.length <= NAMED_MAX) return joined(words, last);
  return `${words.slice(0, NAMED_MAX).join(", ")} and ${words.length - NAMED_MAX} more`;
}
