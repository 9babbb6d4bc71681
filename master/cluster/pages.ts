import type { Page } from "@bourse/model/operator";
import { CLUSTER_LIMITS } from "./config.ts";

/** One page in the order of ids; `next` is the id to go on after. */
export function pageOf<Item, View>(
  all: ReadonlyMap<string, Item>,
  { limit, after }: Page,
  view: (item: Item) => View,
): { items: View[]; next: { next?: string } } {
  const size = pageSize(limit);
  const ids = Array.from(all.keys()).filter((id) => after === undefined || id > after);
  ids.sort();
  const page = ids.slice(0, size);
  const last = page.at(-1);
  return {
    items: page.map((id) => view(all.get(id) as Item)),
    next: last !== undefined && ids.length > size ? { next: last } : {},
  };
}

/** At least one, so that whoever pages gets on. */
export function pageSize(limit: number): number {
  return Math.max(1, Math.min(limit, CLUSTER_LIMITS.pageMax));
}
