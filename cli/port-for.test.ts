import { createServer } from "node:net";
import { expect, test } from "vitest";
import { portFor } from "./port-for.ts";

test("any free port is found, and a wish that is free is granted", async () => {
  const port = await portFor(0);
  expect(port).toBeGreaterThan(0);
  expect(await portFor(port)).toBe(port);
});

test("a port in use is refused with exit code 1 and what to do", async () => {
  const taken = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => taken.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const { port } = taken.address() as { port: number };
  try {
    await expect(portFor(port)).rejects.toMatchObject({
      code: "internal",
      message: `port ${port} is in use`,
      hint: expect.stringContaining("--port"),
    });
  } finally {
    taken.close();
  }
});
