import { expect, test } from "vitest";
import { Backoff } from "./backoff.ts";
import { SERVICE_DEFAULTS } from "./service-config.ts";

const config = { ...SERVICE_DEFAULTS, name: "web", count: 1, resources: [], ports: 0, seed: "1" };

test("failures of one round count once, however many there are", () => {
  const backoff = new Backoff(config);
  for (let failure = 0; failure < 3_000; failure++) backoff.failed(1_000);
  expect(backoff.retryAtMs).toBe(1_000 + config.backoffMs);
  expect(backoff.failures).toBe(1);
});

test("each failed round waits longer, up to the maximum (MA-6)", () => {
  const backoff = new Backoff(config);
  let nowMs = 0;
  let waitMs = 0;
  for (let round = 0; round < 60; round++) {
    backoff.failed(nowMs);
    expect(backoff.retryAtMs - nowMs).toBeGreaterThanOrEqual(waitMs);
    waitMs = backoff.retryAtMs - nowMs;
    nowMs = backoff.retryAtMs;
  }
  expect(waitMs).toBe(config.backoffMaxMs);
});

test("after a quiet time the backoff begins anew", () => {
  const backoff = new Backoff(config);
  backoff.failed(0);
  backoff.failed(backoff.retryAtMs);
  backoff.failed(backoff.retryAtMs + config.backoffResetMs);
  expect(backoff.failures).toBe(1);
});
