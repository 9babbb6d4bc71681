import { ownRow, type RoleTree, subtreeRow } from "./role-tree.ts";
import { NONE } from "./slots.ts";

/**
 * Where a role stands among those that may be served, for people: `position` counts from 1; a role that may not be
 * served now is placed where it would be. With a random sorter this is the order of DRF all the same. Slow.
 */
export function roleStanding(
  tree: RoleTree,
  role: number,
): { readonly share: number; readonly position: number; readonly of: number } {
  const { shares } = tree;
  const roles = tree.slots.list();
  for (const other of roles) {
    shares.settle(subtreeRow(other));
    shares.settle(ownRow(other));
  }
  const servedIn = (row: number): number => {
    const node = row >> 1;
    if (row === ownRow(node)) return 1;
    const own = tree.isServable(node) ? 1 : 0;
    return roles
      .filter((other) => tree.parentOf[other] === node)
      .reduce((sum, child) => sum + servedIn(subtreeRow(child)), own);
  };
  let before = 0;
  let row = tree.isInner(role) ? ownRow(role) : subtreeRow(role);
  const share = shares.shareOf(row);
  while (row !== NONE) {
    const parent = row === ownRow(row >> 1) ? row >> 1 : tree.parentOf[row >> 1]!;
    const siblings = roles
      .filter((other) => tree.parentOf[other] === parent && tree.isRanked(other))
      .map(subtreeRow);
    if (parent !== NONE && tree.isServable(parent)) siblings.push(ownRow(parent));
    for (const other of siblings)
      if (other !== row && shares.compare(other, row) < 0) before += servedIn(other);
    row = parent === NONE ? NONE : subtreeRow(parent);
  }
  const ranked = tree.rankedRoles();
  return { share, position: before + 1, of: ranked.length + (ranked.includes(role) ? 0 : 1) };
}
