import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Testbed } from "./testbed.ts";

const BOURSE = fileURLToPath(new URL("./bin/bourse.js", import.meta.url));

/** What users of `task run` rely on, with processes instead of containers: no engine is needed. */
describe("the task commands", () => {
  const bed = new Testbed();
  const run = (...args: readonly string[]) => bed.bourse("task", "run", "--no-image", ...args);

  beforeAll(() => bed.start({ agents: 1, containerizer: "process" }));
  afterAll(() => bed.stop());

  test.each([0, 1, 42, 255])("`task run` ends with the exit code %i", async (code) => {
    expect((await run("sh", "-c", `exit ${code}`)).code).toBe(code);
  });

  test("on-failure:1 starts a failing program once more, and both outputs are shown", async () => {
    const answer = await run("--restart", "on-failure:1", "sh", "-c", "echo try; exit 3");
    expect(answer).toMatchObject({ code: 3, stdout: "try\ntry\n" });
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s stops the task, and the exit code says so",
    async (signal) => {
      const child = spawn(process.execPath, [
        ...[BOURSE, "--master", bed.master, "task", "run", "--no-image"],
        ...["sh", "-c", "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.1; done"],
      ]);
      let said = "";
      child.stdout.on("data", (data: Buffer) => {
        said += data.toString();
        if (said === "ready\n") child.kill(signal);
      });
      const [code] = await once(child, "exit");
      expect({ code, said }).toEqual({ code: 5, said: "ready\nbye\n" });
    },
  );

  test("a job that waits is inspected, explained and stopped by a prefix of its id", async () => {
    await run("-d", "--name", "giant", "--cpus", "64", "true");
    expect((await bed.bourse("task", "inspect", "gian")).stdout).toContain("phase: waiting");
    expect((await bed.bourse("task", "logs", "gian")).code).toBe(4);
    await bed.bourse("task", "kill", "gian");
    expect((await bed.bourse("task", "why", "gian")).stdout).toContain(
      "stopped before it was launched",
    );
  });

  test("the logs of a job are followed from one attempt to the next", async () => {
    const script = "echo tick; sleep 0.3; exit 1";
    await run("-d", "--name", "ticker", "--restart", "on-failure:1", "sh", "-c", script);
    expect(await bed.bourse("task", "logs", "-f", "ticker")).toMatchObject({
      code: 0,
      stdout: "tick\ntick\n",
    });
  });
});
