import { scalar } from "@bourse/model/resources";
import type { RestartPolicy } from "@bourse/model/runner";
import type { TaskState } from "@bourse/model/task-state";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RunnerPolicy } from "./runner-policy.ts";
import { Bench, CODEC, chaos, idsOf, JOB, launched } from "./testing/runner-bench.ts";

test("a job is written down before it is accepted, asks for offers, and goes on the first that fits", () => {
  const bench = new Bench();
  expect(bench.last.calls).toEqual([{ kind: "suppress", roles: [] }]);
  const jobId = bench.run();
  expect(jobId).toMatch(/^web-[a-z2-9]{5}$/);
  expect(bench.last.persist).toMatchObject([{ kind: "job", job: { jobId, phase: "waiting" } }]);
  expect(bench.last.calls).toEqual([{ kind: "revive", roles: [] }]);
  const calls = bench.offer();
  expect(idsOf(calls)).toEqual([jobId]);
  expect(bench.last.persist).toMatchObject([
    { kind: "job", job: { phase: "launched", taskId: jobId } },
  ]);
  expect(calls.at(-1)).toEqual({ kind: "suppress", roles: [] });
});

test("an offer takes as many jobs as fit, oldest first, and a small one may pass a big one", () => {
  const bench = new Bench();
  const first = bench.run();
  bench.run({ resources: [scalar("cpus", 900)] });
  const second = bench.run();
  const third = bench.run();
  expect(idsOf(bench.offer())).toEqual([first, second]);
  expect(idsOf(bench.offer("a2", 500))).toEqual([third]);
});

test("why: the newest offer of each agent, and everything that was short of it (N-01)", () => {
  const bench = new Bench();
  const jobId = bench.run({ resources: [scalar("cpus", 2_000), scalar("mem", 1_000)], ports: 9 });
  bench.offer("a1", 500);
  bench.offer("a2", 700);
  bench.nowMs = 9;
  const [decline] = bench.offer("a1", 1_100);
  expect(decline).toMatchObject({
    kind: "decline",
    reasons: [{ code: "insufficient-cpus" }, {}, {}],
  });
  const [reply] = bench.ask({ kind: "why", jobId });
  expect(reply).toMatchObject({
    kind: "why",
    job: { jobId, phase: "waiting" },
    reasons: [
      { agentId: "a2" },
      {
        agentId: "a1",
        wallMs: 9,
        reasons: [
          { code: "insufficient-cpus", detail: "0.9 short: 2 wanted, 1.1 offered" },
          { code: "insufficient-mem", detail: "1 short: 1 wanted, 0 offered" },
          { code: "insufficient-ports", detail: "4 short: 9 wanted, 5 offered" },
        ],
      },
    ],
  });
});

test("no job starts on an agent whose maintenance is near, and why says so (M-71, N-01)", () => {
  const bench = new Bench();
  const jobId = bench.run();
  const unavailability = { startMs: bench.nowMs + 1_000 };
  const maintenance = [{ code: "maintenance" }];
  expect(bench.offer("a1", 1_000, { unavailability })).toMatchObject([
    { kind: "decline", reasons: maintenance },
  ]);
  expect(bench.ask({ kind: "why", jobId })).toMatchObject([
    { reasons: [{ agentId: "a1", reasons: maintenance }] },
  ]);
});

test("an offer without any job waiting is declined with that reason", () => {
  const bench = new Bench();
  expect(bench.offer()).toMatchObject([{ kind: "decline", reasons: [{ code: "no-work" }] }]);
});

test("open port mappings get the offer's ports, and the task is told of all of them", () => {
  const bench = new Bench();
  const portMappings = [
    { hostPort: 0, containerPort: 80, protocol: "tcp" },
    { hostPort: 31_001, containerPort: 81, protocol: "tcp" },
    { hostPort: 0, containerPort: 82, protocol: "udp" },
  ] as const;
  const jobId = bench.run({ spec: { image: "i", portMappings }, ports: 0 });
  bench.offer();
  expect(bench.encoded).toMatchObject([
    {
      portMappings: [{ hostPort: 31_000 }, { hostPort: 31_001 }, { hostPort: 31_002 }],
      environment: { PORT0: "31000", PORT1: "31002" },
    },
  ]);
  expect(bench.job(jobId).hostPorts).toEqual([31_000, 31_002]);
});

test("a job whose host port no agent offers waits", () => {
  const bench = new Bench();
  const portMappings = [{ hostPort: 80, containerPort: 80, protocol: "tcp" }] as const;
  const jobId = bench.run({ spec: { image: "i", portMappings }, ports: 0 });
  bench.offer();
  expect(bench.encoded).toEqual([]);
  expect(bench.job(jobId).phase).toBe("waiting");
});

test.each<[restart: RestartPolicy, state: TaskState, phase: string]>([
  [{ kind: "never" }, "TASK_FINISHED", "ended"],
  [{ kind: "never" }, "TASK_FAILED", "ended"],
  [{ kind: "never" }, "TASK_LOST", "ended"],
  [{ kind: "on-failure" }, "TASK_FINISHED", "ended"],
  [{ kind: "on-failure" }, "TASK_FAILED", "backing-off"],
  [{ kind: "on-failure", attemptsMax: 1 }, "TASK_FAILED", "ended"],
  [{ kind: "on-failure", attemptsMax: 2 }, "TASK_FAILED", "backing-off"],
  [{ kind: "on-failure" }, "TASK_LOST", "waiting"],
  [{ kind: "always" }, "TASK_FINISHED", "backing-off"],
  [{ kind: "always" }, "TASK_GONE_BY_OPERATOR", "waiting"],
  [{ kind: "always" }, "TASK_KILLED", "ended"],
  [{ kind: "always" }, "TASK_ERROR", "ended"],
  [{ kind: "never" }, "TASK_DROPPED", "waiting"],
])("restart %j: a task that ran and is %s leaves the job %s", (restart, state, phase) => {
  const bench = new Bench();
  const jobId = bench.run({ restart });
  bench.offer();
  bench.update(jobId, "TASK_RUNNING");
  bench.update(jobId, state, { message: "7" });
  expect(bench.job(jobId)).toMatchObject({ phase, exitCode: 7, attempts: 1 });
});

test("a launch that got lost on the way is repeated, even of a job that must not restart (N-07)", () => {
  const bench = new Bench();
  const jobId = bench.run();
  bench.offer();
  bench.update(jobId, "TASK_GONE", { reason: "REASON_RECONCILIATION" });
  expect(idsOf(bench.offer())).toEqual([`${jobId}.2`]);
  bench.update(`${jobId}.2`, "TASK_STAGING");
  bench.update(`${jobId}.2`, "TASK_GONE", { reason: "REASON_RECONCILIATION" });
  expect(bench.job(jobId).phase).toBe("ended");
});

test("restarts wait longer and longer, and a long run begins anew (MA-6)", () => {
  const bench = new Bench({
    backoffMs: 100,
    backoffFactor: 2,
    backoffMaxMs: 350,
    backoffResetMs: 9_000,
  });
  const jobId = bench.run({ restart: { kind: "always" } });
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 5; attempt++) {
    const [taskId = ""] = idsOf(bench.offer());
    bench.nowMs += attempt === 5 ? 9_000 : 10;
    bench.update(taskId, "TASK_FAILED");
    const retryAtMs = bench.job(jobId).retryAtMs ?? 0;
    waits.push(retryAtMs - bench.nowMs);
    bench.nowMs = retryAtMs;
    bench.event({ kind: "wake" });
    expect(bench.job(jobId)).toMatchObject({ phase: "waiting", attempts: attempt });
  }
  expect(waits).toEqual([100, 200, 350, 350, 100]);
});

test("kill is idempotent: a waiting job just ends, a running one is killed and ends when it has", () => {
  const bench = new Bench();
  const waiting = bench.run();
  expect(bench.ask({ kind: "kill", jobId: waiting })).toEqual([{ kind: "done" }]);
  expect(bench.job(waiting)).toMatchObject({ phase: "ended", attempts: 0 });
  expect(idsOf(bench.offer())).toEqual([]);
  const running = bench.run({ restart: { kind: "always" } });
  bench.offer();
  for (const gracePeriodMs of [5_000, 1_000]) {
    expect(bench.ask({ kind: "kill", jobId: running, gracePeriodMs })).toEqual([{ kind: "done" }]);
    expect(bench.last.calls[0]).toEqual({
      kind: "kill",
      taskId: running,
      agentId: "a1",
      killPolicy: { gracePeriodMs },
    });
  }
  bench.update(running, "TASK_KILLED");
  expect(bench.job(running).phase).toBe("ended");
  expect(bench.ask({ kind: "kill", jobId: running })).toEqual([{ kind: "done" }]);
  expect(bench.last.calls).toEqual([]);
});

test("a job is found by a prefix that only it has; what matches none or several is refused with a hint", () => {
  const bench = new Bench();
  const web = bench.run({ name: "web" });
  const db = bench.run({ name: "db" });
  bench.run({ name: "db" });
  expect(bench.job(web.slice(0, 4)).jobId).toBe(web);
  expect(bench.job(db).jobId).toBe(db);
  expect(bench.ask({ kind: "why", jobId: "db-" })).toMatchObject([
    { kind: "refused", refusal: { code: "conflict" } },
  ]);
  for (const jobId of ["nope", ""])
    expect(bench.ask({ kind: "kill", jobId })).toMatchObject([
      { kind: "refused", refusal: { code: "not_found", hint: "bourse task ls shows the jobs" } },
    ]);
});

test("watch tells the job, then every change until it has ended, then no more", () => {
  const bench = new Bench();
  const jobId = bench.run();
  const phases = () =>
    bench.repliesTo(2).map((reply) => (reply.kind === "job" ? reply.job.phase : reply.kind));
  bench.ask({ kind: "watch", jobId });
  expect(phases()).toEqual(["waiting"]);
  bench.offer();
  expect(phases()).toEqual(["launched"]);
  bench.update(jobId, "TASK_RUNNING");
  expect(phases()).toEqual(["running"]);
  bench.update(jobId, "TASK_RUNNING");
  expect(phases()).toEqual([]);
  bench.update(jobId, "TASK_FINISHED");
  expect(phases()).toEqual(["ended", "done"]);
  expect(bench.last.outputs?.map(({ isLast }) => isLast)).toEqual([false, true]);
  expect(bench.ask({ kind: "watch", jobId })).toMatchObject([{ kind: "job" }, { kind: "done" }]);
});

test("who has gone is told nothing more", () => {
  const bench = new Bench();
  const jobId = bench.run();
  bench.ask({ kind: "watch", jobId });
  bench.event({ kind: "input", input: { kind: "closed", request: 2 } });
  bench.offer();
  expect(bench.last.outputs).toEqual([]);
});

test("list shows the jobs that live, or all that are remembered", () => {
  const bench = new Bench({ endedMax: 2 });
  const ids = [1, 2, 3, 4].map(() => bench.run());
  for (const jobId of ids.slice(0, 3)) bench.ask({ kind: "kill", jobId });
  expect(bench.records.at(-1)).toEqual({ kind: "forgotten", jobId: ids[0] });
  const listed = (hasEnded: boolean) =>
    bench
      .ask({ kind: "list", hasEnded })
      .flatMap((reply) => (reply.kind === "jobs" ? reply.jobs.map((job) => job.jobId) : []));
  expect(listed(false)).toEqual([ids[3]]);
  expect(listed(true)).toEqual(ids.slice(1));
});

test("too many jobs are refused, and none of them is written down", () => {
  const bench = new Bench({ jobsMax: 1 });
  bench.run();
  const replies = bench.ask({ kind: "run", job: JOB });
  expect(replies).toMatchObject([{ kind: "refused", refusal: { code: "conflict" } }]);
  expect(bench.last.persist).toEqual([]);
});

test("a restartable job on an unreachable agent is run anew, and the old task killed when it returns (N-04)", () => {
  const bench = new Bench({ replaceUnreachableAfterMs: 60_000 });
  const jobId = bench.run({ restart: { kind: "always" } });
  bench.offer();
  bench.update(jobId, "TASK_UNREACHABLE");
  expect(bench.last.wakeAtMs).toBe(60_000);
  bench.wake();
  expect(idsOf(bench.offer("a2"))).toEqual([`${jobId}.2`]);
  expect(bench.update(jobId, "TASK_RUNNING")).toEqual([
    { kind: "kill", taskId: jobId, agentId: "a1" },
  ]);
  expect(bench.job(jobId)).toMatchObject({ phase: "launched", taskId: `${jobId}.2` });
});

test("a job that must not restart waits for its agent, and so does one that is being killed", () => {
  const bench = new Bench();
  const once = bench.run();
  bench.offer();
  bench.update(once, "TASK_UNREACHABLE");
  expect(bench.last.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  const always = bench.run({ restart: { kind: "always" } });
  bench.offer();
  bench.update(always, "TASK_UNREACHABLE");
  bench.ask({ kind: "kill", jobId: always });
  bench.nowMs += 100_000;
  bench.event({ kind: "wake" });
  expect(bench.job(always).phase).toBe("killing");
});

test("a task of which no record is left is adopted, not killed (M-44, N-03)", () => {
  const bench = new Bench();
  expect(bench.update("db-x2x2x", "TASK_RUNNING")).toEqual([]);
  expect(bench.job("db-x2x2x")).toMatchObject({ phase: "running", name: "db-x2x2x" });
});

test("a recovered runner neither loses nor doubles a job, and kills what was to be killed (N-07)", () => {
  const bench = new Bench();
  const running = bench.run();
  bench.offer("a1", 400);
  bench.update(running, "TASK_RUNNING");
  const killed = bench.run();
  bench.offer("a1", 400);
  bench.ask({ kind: "kill", jobId: killed });
  const failing = bench.run({ restart: { kind: "always" } });
  bench.offer("a1", 400);
  bench.update(failing, "TASK_FAILED");
  const waiting = bench.run();
  for (const records of [bench.records, Array.from(bench.policy.records())]) {
    const later = { monoMs: 1_000_000, wallMs: 400 }; // Another process: another origin of its clock.
    const policy = RunnerPolicy.recover(later, bench.config, CODEC, records);
    const answer = policy.apply(later, { kind: "subscribed", frameworkId: "f1", isAgain: true });
    expect(answer.track).toEqual([
      { taskId: running, agentId: "a1" },
      { taskId: killed, agentId: "a1" },
    ]);
    expect(answer.calls).toContainEqual({ kind: "kill", taskId: killed, agentId: "a1" });
    expect(answer.wakeAtMs).toBe(1_000_600);
    expect(Array.from(policy.jobs, ({ jobId, phase }) => [jobId, phase])).toEqual([
      [running, "running"],
      [killed, "killing"],
      [failing, "backing-off"],
      [waiting, "waiting"],
    ]);
  }
});

test("every offer is answered once, a decline says why, and no task id is used twice", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const bench = new Bench();
      const event = bench.event.bind(bench);
      const used = new Set<string>();
      bench.event = (what) => {
        const calls = event(what);
        const answers = calls.filter(({ kind }) => kind === "accept" || kind === "decline");
        expect(answers).toHaveLength(what.kind === "offers" ? 1 : 0);
        for (const call of calls)
          if (call.kind === "decline") expect(call.reasons?.length).toBeGreaterThan(0);
        for (const taskId of idsOf(calls)) {
          expect(used).not.toContain(taskId);
          used.add(taskId);
        }
        return calls;
      };
      for (const _ of chaos(seed, bench));
    }),
    { numRuns: 100 },
  );
});

test("a policy restored at any point goes on with the same answers, and one recovered has the same jobs", () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(99), (seed, at) => {
      const bench = new Bench();
      let step = 0;
      for (const _ of chaos(seed, bench)) {
        if (step++ !== at) continue;
        const twin = RunnerPolicy.restore(bench.config, CODEC, bench.policy.snapshot());
        const event = bench.event.bind(bench);
        bench.event = (what) => {
          const now = { monoMs: bench.nowMs, wallMs: bench.nowMs };
          const calls = event(what);
          expect(twin.apply(now, what)).toEqual(bench.last);
          return calls;
        };
      }
      const now = { monoMs: 0, wallMs: 0 };
      const recovered = RunnerPolicy.recover(now, bench.config, CODEC, bench.records);
      expect(Array.from(recovered.jobs)).toEqual(Array.from(bench.policy.jobs));
    }),
    { numRuns: 100 },
  );
});

test("jobs of one shape cost an offer one look, not one each: a look at each would take minutes", () => {
  const bench = new Bench();
  for (let count = 0; count < 5_000; count++) bench.run();
  for (let count = 0; count < 5_000; count++) bench.offer("a1", 100);
  expect(bench.policy.waitingCount).toBe(5_000);
  expect(launched(bench.offer("a1", 2_000_000))).toHaveLength(5_000);
});
