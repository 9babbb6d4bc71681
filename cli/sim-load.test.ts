import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { captured } from "./captured.ts";

let directory = "";
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), "bourse-sim-load-"))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const path = (name: string): string => join(directory, name);

const PODS = `name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
p1,4000,1024,1,250,,LS,Running,10,110,20
p2,500,64,0,0,,BE,Running,3600,3700,3600
`;
const NODES = "sn,cpu_milli,memory_mib,gpu,model\nn0,64000,262144,2,P100\n";

describe("bourse sim gen", () => {
  test("writes the load to stdout and what it comes to to stderr, the seed first", async () => {
    const { code, stdout, stderr } = await captured(
      ...["sim", "gen", "--rate", "20/s", "--duration", "10s", "--arrivals", "even"],
      ...["--cpus", "0.5", "--mem", "64MiB", "--run", "1s", "--seed", "7"],
    );
    const lines = stdout.trimEnd().split("\n");
    expect(code).toBe(0);
    expect(lines).toHaveLength(201);
    expect(lines[0]).toMatch(/^at_ms,count,cpus,mem_mib,/);
    expect(lines[200]).toBe("9950,1,0.5,64,,,,,1000,");
    expect(stderr).toMatch(/^seed +7\nrows +200, 200 jobs\ntasks +200\n/);
    expect(stderr).toMatch(/peak +20 tasks, 10 cores, 2 GiB at once with unlimited capacity/);
  });

  test("the same seed, the same load; a seed that nobody chose is said", async () => {
    const once = await captured("sim", "gen", "--jobs", "20", "--seed", "x", "-q");
    const twice = await captured("sim", "gen", "--jobs", "20", "--seed", "x");
    expect(once.stdout).toBe(twice.stdout);
    expect(once.stderr).toBe("");
    const free = await captured("sim", "gen", "--jobs", "20");
    const seed = /^seed +([0-9a-f]{8})\n/.exec(free.stderr)?.[1] ?? "";
    expect((await captured("sim", "gen", "--jobs", "20", "--seed", seed)).stdout).toBe(free.stdout);
  });

  test("a preset into a packed file, what it comes to as JSON", async () => {
    const { stdout, stderr } = await captured(
      ...["sim", "gen", "--preset", "facebook-hadoop", "--seed", "1"],
      ...["--out", path("fb.csv.gz"), "-o", "json"],
    );
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({ jobs: 100, rows: 122 });
    expect(readFileSync(path("fb.csv.gz")).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  });

  test.each<[said: RegExp, args: readonly string[]]>([
    [/rate: "fast" is no rate\n {2}write jobs in a time/, ["--rate", "fast"]],
    [/cpus: "many" is not allowed\n {2}write cores like 0.5/, ["--cpus", "many"]],
    [/cpus: a preset says this already/, ["--preset", "omega", "--cpus", "1"]],
    [/there is no "borg"\n {2}take one of facebook-hadoop, omega/, ["--preset", "borg"]],
    [/cannot write .*nowhere/, ["--out", "/nowhere/load.csv"]],
    [/--seed has 300 characters/, ["--seed", "s".repeat(300)]],
  ])("wrong input: %s", async (said, args) => {
    const { code, stdout, stderr } = await captured("sim", "gen", ...args);
    expect(stderr).toMatch(said);
    expect([code, stdout]).toEqual([2, ""]);
  });
});

describe("bourse sim import", () => {
  beforeAll(() => {
    writeFileSync(path("pods.csv"), PODS);
    writeFileSync(path("nodes.csv"), NODES);
  });

  test("tells the format by itself, writes load and agents, says what came of it", async () => {
    const { code, stdout, stderr } = await captured(
      ...["sim", "import", path("nodes.csv"), path("pods.csv")],
      ...["--out", path("load.csv"), "--agents", path("agents.yaml")],
    );
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toMatch(
      /^format +openb\nrecords +2\nmachines +1, in .*agents.yaml\nrows +2, 2 jobs/,
    );
    expect(readFileSync(path("load.csv"), "utf8").split("\n")[1]).toBe(
      "10000,1,4,1024,,,250,,90000,p1",
    );
    expect(readFileSync(path("agents.yaml"), "utf8")).toContain("gpu_model: P100");
    expect(readdirSync(directory).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  test("what it comes to as JSON is on stdout, unless the load is", async () => {
    const words = ["sim", "import", "openb", path("pods.csv"), "-o", "json"];
    const inFile = await captured(...words, "--out", path("told.csv"));
    expect(JSON.parse(inFile.stdout)).toMatchObject({ format: "openb" });
    expect(inFile.stderr).toBe("");
    const { stdout, stderr } = await captured(...words);
    expect(stdout).toMatch(/^at_ms,/);
    expect(JSON.parse(stderr)).toMatchObject({ format: "openb" });
  });

  test("a format by name, a window, a scale; left out is what the window does", async () => {
    const { stdout, stderr } = await captured(
      ...["sim", "import", "openb", path("pods.csv")],
      ...["--from", "1h", "--until", "2h", "--scale-time", "0.5", "--never-depart"],
    );
    expect(stdout.split("\n").slice(1)).toEqual(["0,1,0.5,64,,,,,,p2", ""]);
    expect(stderr).toMatch(/left out +1 outside --from and --until/);
  });

  test("machines alone go to stdout", async () => {
    const { stdout } = await captured("sim", "import", path("nodes.csv"));
    expect(stdout).toMatch(/^# 1 machines of 1 shapes, from openb: nodes.csv\nagents:\n/);
  });

  test.each<[said: RegExp, args: readonly string[]]>([
    [/there is no format "borg"\n {2}take one of load, openb/, ["borg", "pods.csv"]],
    [/cannot read .*absent.csv: there is no such file/, ["absent.csv"]],
    [/cannot read .*: it is a directory/, ["."]],
    [/--sample "2" is not acceptable\n {2}write a fraction/, ["pods.csv", "--sample", "2"]],
    [/--scale-time "0" is not acceptable/, ["pods.csv", "--scale-time", "0"]],
    [/--from "late" is not acceptable/, ["pods.csv", "--from", "late"]],
    [/--until is not behind --from/, ["pods.csv", "--from", "2h", "--until", "1h"]],
    [/--machine-mem "1GB" is not acceptable/, ["pods.csv", "--machine-mem", "1GB"]],
    [/--tiers "gold" is not acceptable/, ["pods.csv", "--tiers", "gold"]],
    [/missing required argument/, []],
    [/nothing of the trace is left to import/, ["pods.csv", "--from", "9h"]],
  ])("wrong input: %s", async (said, args) => {
    const [first, ...rest] = args;
    const files = first?.endsWith(".csv") || first === "." ? [path(first)] : args.slice(0, 1);
    const more = first === "borg" ? [path("pods.csv")] : rest;
    const { code, stdout, stderr } = await captured("sim", "import", ...files, ...more);
    expect(stderr).toMatch(said);
    expect([code, stdout]).toEqual([2, ""]);
    expect(existsSync(path("load.csv.partial"))).toBe(false);
  });
});
