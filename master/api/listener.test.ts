import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Listener } from "./listener.ts";

const open: Listener[] = [];
afterEach(() => {
  for (const listener of open.splice(0)) listener.close();
});

/** Says who got the connection, and everything that was said on it. */
async function listening() {
  const seen: string[] = [];
  const listener = await Listener.open({ host: "127.0.0.1", port: 0 });
  open.push(listener);
  const take = (who: string) => (socket: Socket) => {
    seen.push(who);
    socket.on("data", (chunk) => seen.push(chunk.toString()));
  };
  const serve = () => listener.serve({ onGrpc: take("grpc"), onHttp: take("http") });
  const [host, port] = listener.address.split(":");
  return { seen, serve, dial: () => connect(Number(port), host) };
}

async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 2_000;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test.each([
  ["PRI * HTTP/2.0\r\n", "grpc"],
  ["GET / HTTP/1.1\r\n", "http"],
  ["PUT /x HTTP/1.1\r\n", "http"],
  ["PRX", "http"],
  ["hello", "http"],
])("%j goes to %s, unread", async (text, who) => {
  const { seen, serve, dial } = await listening();
  serve();
  dial().end(text);
  await until(() => seen.length > 1);
  expect(seen).toEqual([who, text]);
});

test("a preface that comes byte by byte is waited for", async () => {
  const { seen, serve, dial } = await listening();
  serve();
  const socket = dial().setNoDelay(true);
  for (const byte of "PRI ") {
    expect(seen).toEqual([]);
    socket.write(byte);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until(() => seen.length > 1);
  expect(seen).toEqual(["grpc", "PRI "]);
  socket.destroy();
});

test("connections before serve wait and lose nothing", async () => {
  const { seen, serve, dial } = await listening();
  dial().end("GET");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(seen).toEqual([]);
  serve();
  await until(() => seen.length > 1);
  expect(seen).toEqual(["http", "GET"]);
});

test("a client that leaves without a word disturbs nobody", async () => {
  const { seen, serve, dial } = await listening();
  serve();
  const silent = dial();
  silent.on("connect", () => silent.resetAndDestroy());
  await new Promise((resolve) => silent.on("close", resolve));
  dial().end("GET");
  await until(() => seen.length > 1);
  expect(seen).toEqual(["http", "GET"]);
});
