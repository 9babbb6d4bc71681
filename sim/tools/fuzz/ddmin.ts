/**
 * A part of the items with which `fails` still holds and of which none can be left out alone (Zeller's ddmin): halves,
 * quarters and so on are left out as long as that works. `fails` must hold for all of them together.
 */
export function ddmin<T>(
  items: readonly T[],
  fails: (part: readonly T[]) => boolean,
): readonly T[] {
  if (items.length === 0 || fails([])) return [];
  let left = items;
  let parts = 2;
  while (left.length > 1) {
    const size = Math.ceil(left.length / parts);
    const smaller = withoutOnePart(left, size, fails);
    if (smaller !== null) {
      left = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) {
      break;
    } else {
      parts = Math.min(left.length, parts * 2);
    }
  }
  return left;
}

function withoutOnePart<T>(
  items: readonly T[],
  size: number,
  fails: (part: readonly T[]) => boolean,
): readonly T[] | null {
  // From the end: what comes later depends on what comes before, seldom the other way round.
  for (let end = items.length; end > 0; end -= size) {
    const begin = Math.max(0, end - size);
    const rest = [...items.slice(0, begin), ...items.slice(end)];
    if (rest.length > 0 && fails(rest)) return rest;
  }
  return null;
}
