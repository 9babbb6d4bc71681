import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const BOURSE = fileURLToPath(new URL("./bin/bourse.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "bourse-bad-input-"));
let taken: Server;
let takenPort = 0;

beforeAll(async () => {
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const address = taken.address();
  if (typeof address === "object" && address !== null) takenPort = address.port;
});

afterAll(() => {
  taken.close();
  rmSync(directory, { recursive: true, force: true });
});

function run(
  ...args: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BOURSE, ...args], { timeout: 30_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}

describe("a wrong command line: exit code 2, what is wrong, what to do (C-3, C-5)", () => {
  test.each<[said: RegExp, args: readonly string[]]>([
    [/unknown command 'tsak'/, ["tsak"]],
    [/unknown option '--agent'/, ["sim", "run", "--agent", "3"]],
    [/missing required argument/, ["agent", "inspect"]],
    [/--output xml/, ["-o", "xml", "agent", "ls"]],
    [/--agents "many"/, ["sim", "run", "--agents", "many"]],
    [/--tasks "-1"/, ["sim", "run", "--tasks=-1"]],
    [/--cpus "0"/, ["task", "run", "--cpus", "0", "x"]],
    [/not an address/, ["--master", "nowhere", "agent", "ls"]],
    [/--port "99999"/, ["master", "--port", "99999"]],
    [/not a duration/, ["master", "--offer-timeout", "soon"]],
    [/--containerizer podman/, ["agent", "--containerizer", "podman"]],
    [/cpus/, ["agent", "--containerizer", "fake", "--resources", "cpus:many"]],
    [/not a store/, ["master", "--store", "etcd"]],
    [/--role-sorter "fair" is not a sorter/, ["master", "--role-sorter", "fair"]],
    [/--framework-sorter "" is not a sorter/, ["master", "--framework-sorter", ""]],
    [/--fair-sharing-excluded: "a b"/, ["master", "--fair-sharing-excluded", "gpus,a b"]],
    [/--min-allocatable: "ports:\[1-2\]"/, ["master", "--min-allocatable", "ports:[1-2]"]],
    [/--domain "eu" is no fault domain/, ["master", "--domain", "eu"]],
    [/read the whitelist \/nowhere/, ["master", "--port", "0", "--whitelist", "/nowhere"]],
    [/domain "eu" is no fault domain/, ["agent", "--containerizer", "fake", "--domain", "eu"]],
    [/--constraint "=" /, ["service", "--state-dir", "unused", "--constraint", "=", "--", "x"]],
    [/--role "a b"/, ["runner", "--state-dir", "unused", "--role", "a b"]],
  ])("%s", async (said, args) => {
    const answer = await run(...args);
    expect(answer.stderr).toMatch(said);
    expect(answer.stdout).toBe("");
    expect(answer.code).toBe(2);
  });
});

describe("a machine that does not play along: one line, exit code 1 or the code's own", () => {
  test("no master answers: exit code 7 and how to start one", async () => {
    const answer = await run("--master", `127.0.0.1:1`, "--timeout", "3s", "agent", "ls");
    expect(answer.stderr).toMatch(/no master answers at 127.0.0.1:1[\s\S]*bourse up/);
    expect(answer.code).toBe(7);
  });

  test("the port is in use", async () => {
    const dataDir = join(directory, "port");
    const answer = await run(
      "master",
      "--port",
      String(takenPort),
      "--data-dir",
      dataDir,
      "--log-level",
      "error",
    );
    expect(answer.stderr).toMatch(new RegExp(`${takenPort}.*uses this port`));
    expect(answer.code).toBe(1);
  });

  test("the data directory cannot be made", async () => {
    writeFileSync(join(directory, "file"), "");
    const answer = await run(
      "master",
      "--port",
      "0",
      "--data-dir",
      join(directory, "file", "x"),
      "--log-level",
      "error",
    );
    expect(answer.stderr).toMatch(/file/);
    expect(answer.stderr).not.toMatch(/^\s+at /m);
    expect(answer.code).toBe(1);
  });

  test("an unwritable work directory stops the agent with one clear line", async () => {
    writeFileSync(join(directory, "plain"), "");
    const answer = await run(
      "agent",
      "--containerizer",
      "fake",
      "--work-dir",
      join(directory, "plain", "a"),
      "--log-level",
      "error",
    );
    expect(answer.stderr).toMatch(/plain/);
    expect(answer.stderr).not.toMatch(/^\s+at /m);
    expect(answer.code).toBe(1);
  });

  test("listening beyond loopback is refused without --insecure and says why (D11)", async () => {
    const answer = await run(
      "master",
      "--host",
      "0.0.0.0",
      "--port",
      "0",
      "--data-dir",
      join(directory, "d11"),
    );
    expect(answer.stderr).toMatch(/--insecure/);
    expect(answer.code).toBe(1);
  });

  test("a journal that is none", async () => {
    const file = join(directory, "journal");
    writeFileSync(file, "this is no journal");
    const answer = await run("journal", "replay", file);
    expect(answer.stderr).toMatch(/journal/);
    expect(answer.code).toBe(2);
    const absent = await run("journal", "replay", join(directory, "absent"));
    expect(absent.stderr).toMatch(/absent/);
    expect(absent.code).not.toBe(0);
  });
});
