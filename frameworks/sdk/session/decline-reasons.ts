import type { DeclineReason } from "@bourse/model/offer";

/** What a master takes (proto/wire/limits.ts); it refuses a call that has more, and with it the session. */
const REASONS_MAX = 16;
const CODE_MAX = 64;
const DETAIL_MAX = 256;

/** The first reasons, none too long: to be cut is better for them than to cost the session. */
export function boundedReasons(reasons: readonly DeclineReason[] | undefined): {
  readonly reasons?: readonly DeclineReason[];
} {
  if (reasons === undefined) return {};
  return {
    reasons: reasons.slice(0, REASONS_MAX).map(({ code, detail }) => ({
      code: code.slice(0, CODE_MAX),
      ...(detail === undefined ? {} : { detail: detail.slice(0, DETAIL_MAX) }),
    })),
  };
}
