import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { joined, withoutFields } from "./payload.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

const safe = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35 - 1, 2 ** 35),
);

test("numbers are written and read as the library does", () => {
  fc.assert(
    fc.property(safe, (value) => {
      const ours = new Writer().integer(value).finish();
      expect(ours).toEqual(new Uint8Array(new BinaryWriter().int64(String(value)).finish()));
      expect(new Reader(ours).integer()).toBe(value);
    }),
  );
});

test("text of any length and alphabet is written and read as the library does", () => {
  const any = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 300 }),
    fc.string({ maxLength: 300 }),
    fc.constantFrom("\ufffd", "\ufeffa", "é".repeat(64), "x".repeat(127), "x".repeat(128)),
  );
  fc.assert(
    fc.property(any, any, (first, second) => {
      const ours = new Writer().string(first).string(second).finish();
      expect(ours).toEqual(
        new Uint8Array(new BinaryWriter().string(first).string(second).finish()),
      );
      const reader = new Reader(ours);
      expect([reader.string(), reader.string()]).toEqual([first, second]);
    }),
  );
});

test("nested messages of any length are joined as the library does", () => {
  const sizes = fc.array(fc.nat({ max: 17_000 }), { maxLength: 3 });
  fc.assert(
    fc.property(sizes, (lengths) => {
      const ours = new Writer();
      const library = new BinaryWriter();
      for (const length of lengths) {
        ours.fork().bytes(new Uint8Array(length).fill(7));
        library.fork().bytes(new Uint8Array(length).fill(7));
      }
      for (const _ of lengths) {
        ours.join();
        library.join();
      }
      expect(Buffer.compare(ours.finish(), library.finish())).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test("doubles and flags are written and read", () => {
  const bytes = new Writer().double(0.1).bool(true).bool(false).finish();
  const reader = new Reader(bytes);
  expect([reader.double(), reader.bool(), reader.bool()]).toEqual([0.1, true, false]);
  expect(new BinaryReader(bytes).double()).toBe(0.1);
});

test("text that is not UTF-8 is refused", () => {
  expect(() => new Reader(new Uint8Array([2, 0xc3, 0x28])).string()).toThrow(TypeError);
});

test.each([
  ["a number without an end", [0x80, 0x80]],
  ["a length beyond the end", [0x0a, 0x05, 0x01]],
  ["a group that does not end", [0x0b, 0x08, 0x01]],
  ["field number 0", [0x02, 0x00]],
  ["a group end without a group", [0x0c]],
  ["a number of more than 64 bits", [0x08, ...new Array(10).fill(0xff)]],
])("%s is refused", (_, bytes) => {
  expect(() => withoutFields(new Uint8Array(bytes), new Set([9]))).toThrow("not a message");
});

test("groups inside groups are passed over, but not without end", () => {
  const nested = (depth: number) =>
    new Uint8Array([...new Array(depth).fill(0x0b), ...new Array(depth).fill(0x0c)]);
  expect(withoutFields(nested(50), new Set([1])).length).toBe(0);
  expect(() => withoutFields(nested(5000), new Set([1]))).toThrow("not a message");
});

test("fields are taken out of the bytes, wherever they are, and the others stay as they were", () => {
  const field = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.uint8Array({ maxLength: 5 }));
  fc.assert(
    fc.property(fc.array(field), fc.uniqueArray(fc.integer({ min: 1, max: 4 })), (fields, out) => {
      const write = (list: typeof fields) =>
        joined(
          list.map(([number, bytes]) =>
            new Writer()
              .uint32(number * 8 + 2)
              .bytes(bytes)
              .finish(),
          ),
        );
      const numbers = new Set(out);
      const kept = fields.filter(([number]) => !numbers.has(number));
      expect(withoutFields(write(fields), numbers)).toEqual(write(kept));
    }),
  );
});
