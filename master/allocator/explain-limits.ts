import type { Role } from "@bourse/model/ids";
import { type Amount, amountIn } from "@bourse/model/quota";
import { formatMilli } from "@bourse/model/resources";
import type { Candidate } from "./explain-candidate.ts";
import { type Finding, failed, passed } from "./explain-finding.ts";
import type { Fit } from "./explain-fit.ts";
import type { HeadroomShortage, QuotaBooks } from "./explain-quota.ts";
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
  return Array.from(moreAsLimit(quota, role, short), ([whose, amounts]) => ({
    whose,
    limits: quota.withLimits(whose, amounts),
  }));
}

function moreAsLimit(
  quota: QuotaBooks,
  role: Role,
  short: readonly Amount[],
): ReadonlyMap<Role, readonly Amount[]> {
  const more = new Map<Role, Amount[]>();
  for (const { name, milli } of short) {
    const needMilli = quota.limitOf(role, name)!.roomMilli + milli;
    for (const { role: whose, roomMilli } of quota.limitsBelow(role, name, needMilli))
      more.set(whose, [...(more.get(whose) ?? []), { name, milli: needMilli - roomMilli }]);
  }
  return more;
}

/** Whether guarantees of others leave enough, and for whom the rest is held. */
export function headroomFinding(
  quota: QuotaBooks,
  { role }: Candidate,
  { shortOfLimits, shortOfHeadroom, roomNeeded }: Fit,
): Finding {
  if (shortOfHeadroom.length === 0) return passed("quota-headroom");
  const places = shortOfHeadroom.flatMap(({ name }) =>
    quota.headroomShortages(role, name, roomNeeded(name)).map((place) => ({ ...place, name })),
  );
  const holders = Array.from(
    new Set(places.flatMap(({ heldFor }) => heldFor.map((holder) => holder.role))),
  );
  return failed("quota-headroom", role, {
    detail: () => joined(places.map(placeText)),
    shortfalls: shortOfHeadroom,
    change: holders.join(" "),
    remedy: () => {
      const more = moreRoom(quota, places, moreAsLimit(quota, role, shortOfLimits));
      const [only = ""] = holders;
      const { guarantees, books } = quota.lowered(only, shortOfHeadroom);
      const isEnough = shortOfHeadroom.every(({ name }) => {
        const place = books.headroomOf(role, name);
        return place === undefined || place.roomMilli >= roomNeeded(name);
      });
      // What is promised at several levels must be lowered at all of them: people know best where.
      return isEnough
        ? `${more}, or less guaranteed: \`bourse role quota set ${only} --guarantee ${quoted(guarantees)}\``
        : `${more}, or less guaranteed to role ${few(holders)}`;
    },
  });
}

type Place = HeadroomShortage & { readonly name: string };

function placeText({ name, shortMilli, freeMilli, within, heldFor }: Place): string {
  const where = within === undefined ? "free" : `left by the limit of role ${within}`;
  const held = heldFor.map(({ role, milli }) => `${formatMilli(milli)} for role ${role}`);
  return `${formatMilli(shortMilli)} ${name} short: of ${formatMilli(freeMilli)} ${name} ${where} guarantees hold ${few(held)}`;
}

/**
 * In the cluster, and within each limit that is too tight for what is promised in it. A limit that is raised anyway is
 * raised by both.
 */
function moreRoom(
  quota: QuotaBooks,
  places: readonly Place[],
  raised: ReadonlyMap<Role, readonly Amount[]>,
): string {
  const inCluster = places.filter(({ within }) => within === undefined).map(amountOf);
  const limits = Array.from(new Set(places.flatMap(({ within }) => within ?? [])), (whose) => {
    const more = places.filter(({ within }) => within === whose).map(amountOf);
    const others = (raised.get(whose) ?? []).filter(
      (one) => amountIn(more, one.name) === undefined,
    );
    return `${formatAmounts(more)} more as limit: \`bourse role quota set ${whose} --limit ${quoted(quota.withLimits(whose, [...more, ...others]))}\``;
  });
  const cluster = inCluster.length === 0 ? [] : [`${formatAmounts(inCluster)} more in the cluster`];
  return joined([...cluster, ...limits]);
}

function amountOf({ name, shortMilli }: Place): Amount {
  return { name, milli: shortMilli };
}

/** `'cpus:1;mem:64'`, as a shell reads it. */
function quoted(amounts: readonly Amount[]): string {
  return `'${amounts.map(({ name, milli }) => `${name}:${formatMilli(milli)}`).join(";")}'`;
}

/** The first few, and how many more. */
function few(words: readonly string[]): string {
  if (words.length <= NAMED_MAX) return joined(words);
  return `${words.slice(0, NAMED_MAX).join(", ")} and ${words.length - NAMED_MAX} more`;
}
