import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeRecord, RecordDecoder } from "./recordio.ts";

const record = fc.uint8Array({ minLength: 1, maxLength: 40 });

test("records survive any chunking (M-12)", () => {
  fc.assert(
    fc.property(fc.array(record), fc.array(fc.nat({ max: 12 })), (records, sizes) => {
      const stream = Buffer.concat(records.map(encodeRecord));
      const decoder = new RecordDecoder(40);
      const found: Uint8Array[] = [];
      let at = 0;
      for (const size of sizes) {
        found.push(...decoder.push(stream.subarray(at, at + size)));
        at += size;
      }
      found.push(...decoder.push(stream.subarray(at)));
      decoder.end();
      expect(found).toEqual(records);
    }),
  );
});

test("a record is its length, one newline and the bytes", () => {
  expect(Buffer.from(encodeRecord(Buffer.from('{"a":1}'))).toString()).toBe('7\n{"a":1}');
  expect(() => encodeRecord(new Uint8Array())).toThrow(RangeError);
});

test.each([
  ["0\n", "missing or 0"],
  ["\n", "missing or 0"],
  ["-1\n", "decimal"],
  ["1x", "decimal"],
  ["41\n", "longer than 40"],
  ["00000000001", "too many digits"],
])("%j is refused", (text, complaint) => {
  expect(() => new RecordDecoder(40).push(Buffer.from(text))).toThrow(complaint);
});

test.each(["4", "4\nabc"])("a stream that ends after %j is cut off", (text) => {
  const decoder = new RecordDecoder(40);
  decoder.push(Buffer.from(text));
  expect(() => decoder.end()).toThrow("cut off");
});
