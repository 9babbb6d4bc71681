import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { elfLinkage } from "./elf-linkage.ts";

/** A 64-bit little-endian header with a segment of each type given. */
function program(segmentTypes: readonly number[]): Buffer {
  const bytes = Buffer.alloc(64 + 56 * segmentTypes.length);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1], 0);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(segmentTypes.length, 56);
  for (const [index, type] of segmentTypes.entries()) bytes.writeUInt32LE(type, 64 + 56 * index);
  return bytes;
}

test.each<[what: string, program: Buffer, linkage: string]>([
  ["no interpreter segment means static", program([1, 1, 2]), "static"],
  ["an interpreter segment means dynamic", program([6, 3, 1]), "dynamic"],
  ["a script is no ELF program", Buffer.from("#!/bin/sh\n".padEnd(100)), "unknown"],
  ["an empty file is no ELF program", Buffer.alloc(0), "unknown"],
  ["a table beyond the end is not trusted", program([1]).subarray(0, 64), "unknown"],
])("%s", (_what, bytes, linkage) => expect(elfLinkage(bytes)).toBe(linkage));

test.runIf(process.platform === "linux" && process.arch === "x64")(
  "the program that runs this test needs a loader",
  () => expect(elfLinkage(readFileSync(process.execPath))).toBe("dynamic"),
);
