/** Items of one piece: packing them takes less than a millisecond, for who waits meanwhile. */
export const PIECE_ITEMS = 64;

/** Lists that can be long lie at most this deep: `frameworks[].tasks[]`. */
const DEPTH_MAX = 4;

/** Stands where a long list was. No key of a snapshot begins so. */
const MARK = "\u0000pieces";

/** A snapshot without its long lists, and these lists in pieces that can be written one at a time. */
export interface SplitSnapshot {
  readonly skeleton: unknown;
  readonly pieces: readonly (readonly unknown[])[];
}

/**
 * Takes the long lists out of a snapshot, so that packing a large cluster does not hold up the loop. Copies only
 * the few objects above those lists; the rest is shared, for a snapshot is immutable.
 */
export function splitSnapshot(snapshot: unknown): SplitSnapshot {
  const pieces: (readonly unknown[])[] = [];
  return { skeleton: split(snapshot, 0, pieces), pieces };
}

export function joinSnapshot({ skeleton, pieces }: SplitSnapshot): unknown {
  return join(skeleton, 0, pieces);
}

function split(value: unknown, depth: number, pieces: (readonly unknown[])[]): unknown {
  if (depth > DEPTH_MAX) return value;
  if (Array.isArray(value)) {
    if (value.length <= PIECE_ITEMS) return value.map((item) => split(item, depth + 1, pieces));
    const first = pieces.length;
    for (let from = 0; from < value.length; from += PIECE_ITEMS) {
      pieces.push(value.slice(from, from + PIECE_ITEMS));
    }
    return { [MARK]: [first, pieces.length] };
  }
  return isPlain(value) ? mapped(value, (item) => split(item, depth + 1, pieces)) : value;
}

function join(value: unknown, depth: number, pieces: readonly (readonly unknown[])[]): unknown {
  if (depth > DEPTH_MAX) return value;
  if (Array.isArray(value)) return value.map((item) => join(item, depth + 1, pieces));
  if (!isPlain(value)) return value;
  const range = value[MARK] as readonly [number, number] | undefined;
  if (range !== undefined) return pieces.slice(...range).flat(1);
  return mapped(value, (item) => join(item, depth + 1, pieces));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

function mapped(
  value: Record<string, unknown>,
  map: (item: unknown) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, map(item)]));
}
