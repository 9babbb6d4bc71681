import { describe, expect, test } from "vitest";
import { containerizerContract } from "../containerizer-contract.ts";
import { EventLog, launchOf, NO_VOLUMES } from "../contract-harness.ts";
import { FakeContainerizer } from "./fake-containerizer.ts";
import { FakeHost } from "./fake-host.ts";

/** Fast, and still slow enough that what should happen within a sleep does, on a busy machine. */
const SPEED = 5;
const encodeStatus = () => new Uint8Array();

containerizerContract("fake", async () => {
  const host = new FakeHost({ speed: SPEED });
  return {
    container: { type: "process" },
    speed: SPEED,
    open: async (owner, onEvent, volumePath) =>
      new FakeContainerizer({ owner, host, onEvent, encodeStatus, volumePath }),
    dispose: async () => {},
  };
});

describe("fake containerizer", () => {
  test("a container starts after the delay that was set", async () => {
    const log = new EventLog();
    const fake = new FakeContainerizer({
      owner: "o1",
      startDelayMs: 200,
      onEvent: log.listener,
      encodeStatus,
      volumePath: NO_VOLUMES,
    });
    const beganAtMs = performance.now();
    fake.launch(launchOf("c1", { type: "process" }, { command: { value: "exit 0" } }));
    await log.until("c1", "started");
    expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(195);
    await fake.close();
  });

  test("without a command it runs until it is stopped", async () => {
    const log = new EventLog();
    const fake = new FakeContainerizer({
      owner: "o1",
      onEvent: log.listener,
      encodeStatus,
      volumePath: NO_VOLUMES,
    });
    fake.launch(launchOf("c1", { type: "process" }));
    await log.until("c1", "started");
    fake.stop("c1", 1_000);
    expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 143 });
    await fake.close();
  });
});
