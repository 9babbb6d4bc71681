import fc from "fast-check";
import { expect, test } from "vitest";
import { RollingHash } from "./hash.ts";

const UPDATE = {
  kind: "update",
  taskId: "job-7",
  state: "TASK_RUNNING",
  isHealthy: true,
  reason: null,
  sequence: -1,
  timestampMs: 1_795_000_000_123,
  share: 0.1,
  payload: Uint8Array.of(1, 2, 3, 4, 5, 255),
  labels: [["a", "1"], []],
  byName: new Map([["x", { cpus: 1500 }]]),
};

function digest(...values: readonly unknown[]): string {
  const hash = new RollingHash();
  for (const value of values) hash.add(value);
  return hash.digest();
}

test("the same data has this hash on every machine and for ever: journals hold it", () => {
  expect(digest()).toBe("811c9dc59e3779b9");
  expect(digest(UPDATE)).toBe("8476a1be9dbd462a");
  expect(digest("größer 日本 \u{1F600}")).toBe("809678c89f450a3d");
});

/** Groups of values that must all differ from each other. */
test.each<[what: string, values: readonly unknown[]]>([
  ["types", [0, "0", "", false, true, null, undefined, [], {}, new Map(), new Uint8Array(0), [0]]],
  ["numbers", [1, -1, 4_294_967_295, 2 ** 31, -(2 ** 31), 2 ** 32, 0.5, -0.5, NaN, Infinity]],
  ["where a string ends", [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""]]],
  ["zeros behind", [[0], [0, 0], "\0", "\0\0", "a", "a\0", Uint8Array.of(0), Uint8Array.of(0, 0)]],
  ["where a list ends", [[[1], 2], [[1, 2]], [1, [2]], [1, 2], [[], 1, 2]]],
  ["where an object ends", [{ a: { b: 1 } }, { a: {}, b: 1 }, { a: 1, b: 1 }, { b: 1, a: 1 }]],
  ["maps and objects", [{ a: 1 }, new Map([["a", 1]]), ["a", 1], [["a", 1]]]],
  ["bytes and numbers", [Uint8Array.of(1, 2, 3, 4), [1, 2, 3, 4], Uint8Array.of(1, 2, 3, 4, 0)]],
  [
    "bytes of a word",
    [Uint8Array.of(1, 0, 0, 0), Uint8Array.of(0, 1, 0, 0), Uint8Array.of(0, 0, 0, 1)],
  ],
])("different data have different hashes: %s", (_, values) => {
  const hashes = values.map((value) => digest(value));
  expect(new Set(hashes).size).toBe(values.length);
});

test("keys count in insertion order, a key with undefined counts as absent", () => {
  expect(digest({ a: 1, b: 2 })).not.toBe(digest({ b: 2, a: 1 }));
  expect(digest({ a: 1, b: undefined })).toBe(digest({ a: 1 }));
});

test("the order of what is added counts", () => {
  expect(digest(1, 2)).not.toBe(digest(2, 1));
});

test("data hash the same after a trip through JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(digest(JSON.parse(JSON.stringify(value)))).toBe(digest(value));
    }),
  );
});

test("a change of one bit anywhere changes both halves", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), fc.nat(), (bytes, seed) => {
      const changed = bytes.slice();
      const bit = seed % (bytes.length * 8);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const [left, right] = [digest(bytes), digest(changed)];
      expect(right.slice(0, 8)).not.toBe(left.slice(0, 8));
      expect(right.slice(8)).not.toBe(left.slice(8));
    }),
  );
});

test("100,000 small records have 100,000 hashes", () => {
  const seen = new Set<string>();
  for (let index = 0; index < 100_000; index++)
    seen.add(digest({ taskId: `t${index}`, at: index }));
  expect(seen.size).toBe(100_000);
});

test("a restored hash goes on where the snapshot was taken, also in the middle of many", () => {
  fc.assert(
    fc.property(fc.array(fc.anything(PLAIN)), fc.array(fc.anything(PLAIN)), (before, after) => {
      const hash = new RollingHash();
      for (const value of before) hash.add(value);
      const restored = RollingHash.restore(JSON.parse(JSON.stringify(hash.snapshot())));
      for (const value of after) restored.add(value);
      expect(restored.digest()).toBe(digest(...before, ...after));
    }),
  );
});

test("what is not plain data is refused", () => {
  expect(() => digest(() => 1)).toThrow("a function is not plain data");
  expect(() => digest(1n)).toThrow("a bigint is not plain data");
});

const PLAIN = {
  withMap: true,
  withTypedArray: false,
  withNullPrototype: false,
  key: fc.string({ maxLength: 300 }),
};
