import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readRegistryAuth } from "./registry-auth.ts";

const directory = mkdtempSync(join(tmpdir(), "bourse-auth-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function file(content: string): string {
  const path = join(directory, "config.json");
  writeFileSync(path, content);
  return path;
}

test("credentials are kept by registry host, a password may hold a colon", async () => {
  const auth = Buffer.from("user:pass:word").toString("base64");
  const read = await readRegistryAuth(
    file(JSON.stringify({ auths: { "https://registry.example:5000/v1/": { auth } } })),
  );
  expect(read).toEqual(
    new Map([["registry.example:5000", { username: "user", password: "pass:word" }]]),
  );
});

test.each([
  ["not json", "{secret"],
  ["no auths", '{"credsStore":"x"}'],
  ["no pair", '{"auths":{"a":{"auth":"c2VjcmV0"}}}'],
])("%s is refused without quoting the file", async (_what, content) => {
  const refusal = await readRegistryAuth(file(content)).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "invalid_call" });
  expect(String(refusal)).not.toMatch(/secret/);
});

test("an absent file is named", async () => {
  await expect(readRegistryAuth(join(directory, "absent"))).rejects.toThrow(/absent.*ENOENT/);
});
