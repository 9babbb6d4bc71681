import { expect, test } from "vitest";
import { joinSnapshot, PIECE_ITEMS, splitSnapshot } from "./snapshot-pieces.ts";

function items(count: number): { readonly id: number; readonly pair: readonly number[] }[] {
  return Array.from({ length: count }, (_, id) => ({ id, pair: [id, -id] }));
}

test.each([0, 1, PIECE_ITEMS, PIECE_ITEMS + 1, 5 * PIECE_ITEMS + 7])(
  "a snapshot with lists of %i items comes back as it was",
  (count) => {
    const snapshot = {
      name: "m",
      none: null,
      absent: undefined,
      map: new Map([["a", items(2)]]),
      bytes: Uint8Array.of(1, 2),
      top: items(count),
      frameworks: [{ tasks: items(count), rest: { deep: items(count) } }, { tasks: [] }],
      pairs: items(count).map(({ pair }) => pair),
    };
    const split = splitSnapshot(snapshot);
    expect(joinSnapshot(split)).toStrictEqual(snapshot);
    for (const piece of split.pieces) expect(piece.length).toBeLessThanOrEqual(PIECE_ITEMS);
  },
);

test("a long list of a framework is taken out of the skeleton", () => {
  const { skeleton, pieces } = splitSnapshot({ frameworks: [{ tasks: items(1_000) }] });
  expect(JSON.stringify(skeleton).length).toBeLessThan(100);
  expect(pieces).toHaveLength(Math.ceil(1_000 / PIECE_ITEMS));
});
