import type { Amount, Quota, RoleWeight } from "@bourse/model/quota";
import { AmountSchema, QuotaSchema, RoleWeightSchema } from "#gen/bourse/v1/quota_pb";
import { type FieldCodec, invalid, record } from "../codec.ts";
import { id, integer, list, mapped, nested } from "../fields.ts";
import { LIMITS } from "../limits.ts";

/** Sorted by name; a name said twice is refused, because one of the two would be lost. */
export const amounts: FieldCodec<readonly Amount[]> = mapped(
  list(nested(record<Amount>(AmountSchema, { name: id(), milli: integer() })), LIMITS.amounts),
  (list: readonly Amount[]) => list,
  (list, label) => {
    const sorted = isSorted(list) ? list : list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    if (!isSorted(sorted)) throw invalid(`${label} names something twice`);
    return sorted;
  },
);

export const quota = record<Quota>(QuotaSchema, {
  role: id(),
  guarantees: amounts,
  limits: amounts,
});

export const roleWeight = record<RoleWeight>(RoleWeightSchema, {
  role: id(),
  weightMilli: integer(),
});

/** Strictly: without a name twice. */
function isSorted(list: readonly Amount[]): boolean {
  return list.every(
    (amount, index) => index === 0 || (list[index - 1] as Amount).name < amount.name,
  );
}
