import { createServer } from "node:net";
import { expect, test } from "vitest";
import { freePortWindow, listeningPorts, portsIn } from "./port-window.ts";

test("the first window is taken when nobody listens in it", () => {
  expect(freePortWindow(new Set([30_999, 32_000])).begin).toBe(31_000);
});

test("a window in which anybody listens is passed over", () => {
  expect(freePortWindow(new Set([31_999, 32_000])).begin).toBe(33_000);
});

test("a machine full of listeners gets the first window all the same", () => {
  const all = new Set(Array.from({ length: 9 }, (_, index) => 31_500 + index * 1_000));
  expect(freePortWindow(all).begin).toBe(31_000);
});

test("only listening sockets of the kernel's table count", () => {
  const table = `  sl  local_address rem_address   st tx_queue
   0: 0100007F:7918 00000000:0000 0A 00000000:00000000
   1: 0100007F:7919 0100007F:1F90 01 00000000:00000000`;
  expect(portsIn(table)).toEqual([31_000]);
});

test.skipIf(process.platform !== "linux")("a socket of this process is seen", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : -1;
  expect(listeningPorts().has(port)).toBe(true);
  server.close();
});
