import type { Unavailability } from "@bourse/model/maintenance";
import type { Now } from "@bourse/model/now";
import type { DeclineReason } from "@bourse/model/offer";

/** A task that would have less than this before its agent goes is hardly worth its start. */
export const USEFUL_MS_DEFAULT = 300_000;

/**
 * Why an offer should not be used although it fits: its agent is about to go into maintenance, or is in it (M-71). Null
 * when nothing is planned, when it is far enough off, or when it is over.
 */
export function maintenanceReason(
  { unavailability }: { readonly unavailability?: Unavailability | undefined },
  { wallMs }: Pick<Now, "wallMs">,
  usefulMs: number = USEFUL_MS_DEFAULT,
): DeclineReason | null {
  if (unavailability === undefined) return null;
  const { startMs, durationMs = Number.POSITIVE_INFINITY } = unavailability;
  if (startMs - wallMs >= usefulMs || startMs + durationMs <= wallMs) return null;
  const isUnderWay = startMs <= wallMs;
  const seconds = Math.ceil((startMs - wallMs) / 1_000);
  const when = isUnderWay ? "is under way" : `begins in ${seconds} s`;
  return { code: "maintenance", detail: `the agent's maintenance ${when}` };
}
