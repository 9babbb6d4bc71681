import { RollingHash } from "@bourse/model/hash";
import { Random } from "@bourse/model/random";
import { scalar } from "@bourse/model/resources";
import { NO_PAYLOAD } from "@bourse/model/task";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Policy, PolicyCall, PolicyCalls, PolicyEvent } from "./policy.ts";
import { SchedulerSession } from "./scheduler-session.ts";
import { SESSION_DEFAULTS, type SessionConfig, type SessionInput } from "./session-io.ts";

const CONFIG: SessionConfig = {
  ...SESSION_DEFAULTS,
  seed: "p",
  info: {
    user: "u",
    name: "f",
    roles: ["*"],
    failoverTimeoutMs: 1,
    isCheckpointing: true,
    capabilities: ["PARTITION_AWARE"],
    payload: NO_PAYLOAD,
  },
};

/** Does something with every event, by chance that is part of its state. */
class Restless implements Policy<number, number> {
  #random = Random.fromSeed("restless");
  #launched = 0;
  readonly delivered: string[] = [];

  static restore(snapshot: unknown): Restless {
    const { random, launched } = snapshot as { random: number[]; launched: number };
    const policy = new Restless();
    policy.#random = Random.restore(random);
    policy.#launched = launched;
    return policy;
  }

  snapshot() {
    return { random: this.#random.snapshot(), launched: this.#launched };
  }

  apply(now: { monoMs: number }, event: PolicyEvent<number>): PolicyCalls<number> {
    const calls: PolicyCall[] = [];
    if (event.kind === "offers")
      for (const { offerId, agentId } of event.offers) calls.push(...this.#use(offerId, agentId));
    if (event.kind === "update") {
      if (event.status.uuid !== undefined) this.delivered.push(event.status.uuid);
      if (this.#random.chance(0.3)) calls.push({ kind: "kill", taskId: event.status.taskId });
    }
    if (event.kind === "wake" && this.#random.chance(0.2)) calls.push(this.#change());
    if (event.kind === "wake")
      calls.push({ kind: this.#random.chance(0.5) ? "revive" : "suppress", roles: [] });
    return { calls, outputs: [calls.length], wakeAtMs: now.monoMs + this.#random.below(20_000) };
  }

  #use(offerId: string, agentId: string): PolicyCall[] {
    const chance = this.#random.below(3);
    if (chance === 0) return [];
    if (chance === 1) return [{ kind: "decline", offerIds: [offerId], filters: {} }];
    this.#launched += 1;
    const task = {
      taskId: `t${this.#launched % 7}`,
      name: "t",
      agentId,
      resources: [scalar("cpus", 1)],
      payload: NO_PAYLOAD,
    };
    return [
      {
        kind: "accept",
        offerIds: [offerId],
        operations: [
          {
            kind: "reserve",
            resources: [scalar("disk", 1)],
            ...(this.#random.chance(0.7) ? { operationId: `t${this.#launched % 7}` } : {}),
          },
          { kind: "launch", tasks: [task] },
        ],
        filters: {},
      },
    ];
  }

  #change(): PolicyCall {
    const value = `h${this.#random.below(3)}`;
    const selector = { type: "hostname" } as const;
    const group = [{ selector, predicate: { type: "text-equals", value } }] as const;
    const { info } = CONFIG;
    const suppressedRoles = this.#random.chance(0.5) ? ["*"] : [];
    const offerConstraints = new Map([["*", [group]]]);
    return this.#random.chance(0.5)
      ? { kind: "update-framework", info, suppressedRoles }
      : { kind: "update-framework", info, suppressedRoles, offerConstraints };
  }
}

const OPERATION_STATES = [
  "OPERATION_PENDING",
  "OPERATION_FINISHED",
  "OPERATION_UNREACHABLE",
  "OPERATION_UNKNOWN",
] as const;

const STATES = [
  "TASK_STAGING",
  "TASK_RUNNING",
  "TASK_FINISHED",
  "TASK_LOST",
  "TASK_UNREACHABLE",
] as const;

/** Inputs by weight; sessions and offers are numbered as they come. */
const anySteps = fc.array(
  fc.record({
    kind: fc.constantFrom(
      "link-up",
      "link-down",
      "subscribed",
      "offers",
      "rescind",
      "update",
      "update",
      "operation-update",
      "operation-update",
      "heartbeat",
      "error",
      "wake",
      "wake",
    ),
    number: fc.nat(6),
    afterMs: fc.nat(8_000),
  }),
  { minLength: 5, maxLength: 60 },
);
type Steps = typeof anySteps extends fc.Arbitrary<infer T> ? T : never;

function* inputsOf(steps: Steps): Generator<{ nowMs: number; input: SessionInput<number> }> {
  let nowMs = 0;
  let session = 0;
  let offers = 0;
  for (const { kind, number, afterMs } of steps) {
    nowMs += afterMs;
    const event = (event: Extract<SessionInput<number>, { kind: "event" }>["event"]) => ({
      nowMs,
      input: { kind: "event", session, event } as const,
    });
    switch (kind) {
      case "link-up":
        session += 1;
        yield { nowMs, input: { kind, session } };
        break;
      case "link-down":
        yield { nowMs, input: { kind, session, cause: "break" } };
        break;
      case "subscribed":
        yield event({
          kind,
          frameworkId: "f1",
          masterId: "m",
          epoch: number,
          heartbeatIntervalMs: 1_000,
        });
        break;
      case "offers":
        offers += 1;
        yield event({
          kind,
          offers: [
            {
              offerId: `o${offers}`,
              frameworkId: "f1",
              agentId: `a${number}`,
              hostname: "h",
              port: 1,
              role: "*",
              resources: [scalar("cpus", 1)],
              attributes: [],
            },
          ],
        });
        break;
      case "rescind":
        yield event({ kind, offerId: `o${offers - number}` });
        break;
      case "update":
        yield event({
          kind,
          status: {
            taskId: `t${number}`,
            agentId: "a1",
            state: STATES[afterMs % STATES.length] ?? "TASK_RUNNING",
            source: "SOURCE_EXECUTOR",
            uuid: `${number}-${afterMs % STATES.length}`,
            timestampMs: 0,
          },
        });
        break;
      case "operation-update": {
        const state = OPERATION_STATES[afterMs % OPERATION_STATES.length] ?? "OPERATION_PENDING";
        const uuid = afterMs % 3 === 0 ? {} : { uuid: `${number}-${state}` };
        const status = { operationId: `t${number}`, state, convertedResources: [], ...uuid };
        yield event({ kind, status });
        break;
      }
      case "error":
        yield event({ kind, refusal: { code: "not_leader", message: "not here" } });
        break;
      case "heartbeat":
        yield event({ kind });
        break;
      default:
        yield { nowMs, input: { kind: "wake" } };
    }
  }
}

function start() {
  const policy = new Restless();
  const session = new SchedulerSession<number, number>(CONFIG, policy);
  session.begin({ monoMs: 0, wallMs: 0 });
  return { policy, session };
}

test("a session restored at any point goes on with the same effects", () => {
  fc.assert(
    fc.property(anySteps, fc.nat(60), (steps, at) => {
      const { session } = start();
      let twin: SchedulerSession<number, number> | null = null;
      for (const [index, { nowMs, input }] of [...inputsOf(steps)].entries()) {
        if (index === at) {
          const snapshot = session.snapshot();
          twin = SchedulerSession.restore(CONFIG, Restless.restore(snapshot.policy), snapshot);
          expect(twin.snapshot()).toEqual(snapshot);
        }
        const now = { monoMs: nowMs, wallMs: nowMs };
        const effects = session.apply(now, input);
        if (twin === null) continue;
        const other = twin.apply(now, input);
        expect(new RollingHash().add(other).digest()).toBe(new RollingHash().add(effects).digest());
      }
    }),
    { numRuns: 300 },
  );
});

test("no offer is answered twice, nothing is sent on a link that is not subscribed, the epoch never falls", () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const { session } = start();
      const answered = new Set<string>();
      let epoch = 0;
      let open: number | null = null;
      for (const { nowMs, input } of inputsOf(steps)) {
        if (input.kind === "event" && input.event.kind === "subscribed" && open === input.session) {
          if (input.event.epoch < epoch) open = null;
          else epoch = input.event.epoch;
        }
        if (input.kind === "link-down" && input.session === open) open = null;
        const effects = session.apply({ monoMs: nowMs, wallMs: nowMs }, input);
        for (const link of effects.link)
          if (link.kind === "close" && link.session === open) open = null;
        for (const { session: on, call } of effects.send) {
          if (call.kind === "subscribe") {
            open = on;
            expect(call.epochSeen).toBe(epoch);
            continue;
          }
          expect(on).toBe(open);
          if (call.kind !== "accept" && call.kind !== "decline") continue;
          for (const offerId of call.offerIds) {
            expect(answered).not.toContain(offerId);
            answered.add(offerId);
          }
        }
        for (const record of effects.persist) expect(record.epochSeen).toBe(epoch);
      }
    }),
    { numRuns: 300 },
  );
});

test("while the end of an operation is not known there is a time at which it is asked about", () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const { session } = start();
      for (const { nowMs, input } of inputsOf(steps)) {
        const { wakeAtMs } = session.apply({ monoMs: nowMs, wallMs: nowMs }, input);
        const { pending, askAtMs } = session.snapshot().operations;
        if (!session.isSubscribed || pending.length === 0) continue;
        expect(wakeAtMs).toBeLessThanOrEqual(askAtMs);
        expect(askAtMs).toBeLessThanOrEqual(nowMs + CONFIG.reconcileMaxMs);
      }
    }),
    { numRuns: 300 },
  );
});

test("an update that is resent within one session is delivered once and acknowledged each time", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { maxLength: 40 }), (uuids) => {
      const { session, policy } = start();
      session.apply({ monoMs: 0, wallMs: 0 }, { kind: "link-up", session: 1 });
      const say = (event: Extract<SessionInput<number>, { kind: "event" }>["event"]) =>
        session.apply({ monoMs: 0, wallMs: 0 }, { kind: "event", session: 1, event });
      say({
        kind: "subscribed",
        frameworkId: "f1",
        masterId: "m",
        epoch: 1,
        heartbeatIntervalMs: 1_000,
      });
      for (const number of uuids) {
        const uuid = `u${number}`;
        const effects = say({
          kind: "update",
          status: {
            taskId: `t${number}`,
            agentId: "a1",
            state: number % 2 === 0 ? "TASK_RUNNING" : "TASK_FINISHED",
            source: "SOURCE_EXECUTOR",
            uuid,
            timestampMs: 0,
          },
        });
        const acks = effects.send.filter(({ call }) => call.kind === "acknowledge");
        expect(acks).toMatchObject([{ call: { uuid } }]);
      }
      expect(policy.delivered.length).toBe(new Set(uuids).size);
    }),
  );
});
