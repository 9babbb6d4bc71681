import fc from "fast-check";
import { expect, test } from "vitest";
import { demultiplex } from "./demultiplex.ts";

const anyFrame = fc.record({
  stream: fc.constantFrom("stdout" as const, "stderr" as const),
  text: fc.string({ maxLength: 40 }),
});

test("streams come out as they went in, wherever the bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyFrame), fc.integer({ min: 1, max: 20 }), async (frames, size) => {
      const text = { stdout: "", stderr: "" };
      const parts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
      for (const frame of frames) text[frame.stream] += frame.text;
      for await (const { stream, data } of demultiplex(cut(encoded(frames), size))) {
        parts[stream].push(Buffer.from(data));
      }
      expect(Buffer.concat(parts.stdout).toString()).toBe(text.stdout);
      expect(Buffer.concat(parts.stderr).toString()).toBe(text.stderr);
    }),
  );
});

function encoded(frames: readonly { stream: "stdout" | "stderr"; text: string }[]): Buffer {
  return Buffer.concat(
    frames.flatMap(({ stream, text }) => {
      const data = Buffer.from(text);
      const header = Buffer.alloc(8);
      header[0] = stream === "stderr" ? 2 : 1;
      header.writeUInt32BE(data.length, 4);
      return [header, data];
    }),
  );
}

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
