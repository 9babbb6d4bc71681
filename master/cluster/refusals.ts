import type { Refusal } from "@bourse/model/errors";

/** DESIGN section 2, Epoch: somebody has seen a later leader, so this one refuses itself. */
export function staleEpoch(epoch: number, epochSeen: number): Refusal {
  return {
    code: "stale_epoch",
    message: `this master leads epoch ${epoch}, but epoch ${epochSeen} was seen: it is no longer the leader`,
    hint: "connect to another master",
  };
}
