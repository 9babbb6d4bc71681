import { present } from "@bourse/model/assert";
import { expect, test } from "vitest";
import type { Cluster } from "./cluster.ts";
import { checkInvariants, checkTouched } from "./invariants.ts";
import type {
  Agent,
  ClusterState,
  Framework,
  OfferRecord,
  OperationRecord,
  Task,
} from "./state.ts";
import { resourcesOf } from "./testing/resource-words.ts";
import { Script } from "./testing/script-commands.ts";
import { World } from "./testing/world.ts";

/** An agent with a running task, an operation on its way, and the rest of it on offer. */
function busyCluster(): Cluster {
  const world = new World();
  const script = new Script(world);
  for (const line of [
    "s1 register",
    "operator operate S0 reserve:cpus(ops)=1",
    "s2 subscribe f1",
    "s2 accept O0 refuse=0 t1:cpus=1,mem=128",
    "s1 update f1/t1 TASK_RUNNING uuid=u1",
    "at 1",
  ]) {
    script.run(line);
  }
  return world.cluster;
}

interface Parts {
  readonly state: ClusterState;
  readonly agent: Agent;
  readonly framework: Framework;
  readonly task: Task;
  readonly offer: OfferRecord;
  readonly operation: OperationRecord;
}

test("a cluster that works has no violations", () => {
  expect(checkInvariants(busyCluster())).toEqual([]);
});

test.each<[what: string, damage: (parts: Parts) => void, violation: RegExp]>([
  [
    "an offer is larger than what is free",
    ({ agent }) => {
      agent.info = { ...agent.info, resources: [] };
    },
    /has nothing, but cpus:3; mem:4096 are given away/,
  ],
  [
    "the allocator thinks that something is free which is not",
    ({ agent }) => {
      const resources = resourcesOf("cpus=3,mem=4096");
      agent.info = { ...agent.info, resources };
    },
    /are given away and cpus\(ops\):1 are free/,
  ],
  [
    "what is held on an overdrawn agent is offered too",
    ({ agent }) => {
      agent.isOverdrawn = true;
      agent.info = { ...agent.info, resources: resourcesOf("mem=4096") };
    },
    /is overdrawn, but cpus:3 is offered/,
  ],
  [
    "the master counts an operation that is over",
    ({ operation }) => {
      operation.state = "OPERATION_DROPPED";
    },
    /should have cpus:4; mem:4096, but has cpus:3; cpus\(ops\):1; mem:4096/,
  ],
  [
    "an operation of an agent that nobody else knows",
    ({ state, operation }) => state.operations.delete(operation.operationUuid),
    /has operation .*-P0, which nobody else knows/,
  ],
  [
    "an operation that its agent does not know",
    ({ agent, operation }) => agent.operations.delete(operation),
    /1 operations are known, but agents have 0/,
  ],
  [
    "an operation of a framework that is not known",
    ({ framework, operation }) =>
      framework.operations.set("o1", { ...operation, operationUuid: "p9" }),
    /framework f1 has operation p9, which is not known/,
  ],
  [
    "an operation that its framework does not know",
    ({ state, agent, operation }) => {
      const own = { ...operation, frameworkId: "f1", operationId: "o1", operationUuid: "p9" };
      state.operations.set("p9", own);
      agent.operations.add(own);
    },
    /operation p9 on agent .* is not known to framework f1/,
  ],
  [
    "the allocator has forgotten what a task holds",
    ({ state, task }) => {
      const { frameworkId, role, agentId, info } = task;
      const held = { frameworkId, role, agentId, resources: info.resources };
      state.allocator.recover(held, { kind: "terminal" }, { monoMs: 1000, wallMs: 0 });
    },
    /holds cpus:2; mem:3968 in the allocator, cpus:3; mem:4096 here/,
  ],
  [
    "a task that ended holds its resources",
    ({ task }) => {
      task.state = "TASK_FINISHED";
    },
    /t1 on agent .* is TASK_FINISHED, but holds its resources/,
  ],
  [
    "tasks are counted under another state",
    ({ task }) => {
      task.state = "TASK_KILLING";
    },
    /1 tasks are TASK_KILLING, but 0 are counted/,
  ],
  [
    "a framework has a task that its agent does not have",
    ({ agent, task }) => agent.tasks.delete(task),
    /has task t1, which agent .* has not/,
  ],
  [
    "an agent has a task that its framework does not have",
    ({ framework }) => framework.tasks.delete("t1"),
    /has task t1, which its framework does not have/,
  ],
  [
    "an offer nobody holds",
    ({ framework, offer }) => framework.offers.delete(offer),
    /is out, but framework f1 does not hold it/,
  ],
  [
    "an offer of an agent that is deactivated",
    ({ agent }) => {
      agent.isDeactivated = true;
    },
    /is active, but offers of it are out/,
  ],
  [
    "an offer that never times out",
    ({ state }) => state.timers.cancel("offer-timeout", ""),
    /times out at .*, but the timer is at undefined/,
  ],
  [
    "an agent that is never given up",
    ({ state, agent }) => state.timers.cancel("ping-agent", agent.agentId),
    /is active and its timer ping-agent is not set/,
  ],
  [
    "a framework that is away for ever",
    ({ framework }) => {
      framework.session = null;
      framework.condition = "disconnected";
    },
    /is disconnected and its timer remove-framework is not set/,
  ],
  [
    "a session of nobody",
    ({ framework }) => {
      framework.session = 77;
    },
    /session 2 belongs to framework f1, which has session 77/,
  ],
])("it is found when %s", (_, damage, violation) => {
  const cluster = busyCluster();
  const { state } = cluster;
  const agent = present(state.agents.values().next().value, "the agent");
  const framework = present(state.frameworks.get("f1"), "the framework");
  const task = present(framework.tasks.get("t1"), "the task");
  const offer = present(state.offers.values().next().value, "the offer");
  const operation = present(state.operations.values().next().value, "the operation");
  damage({ state, agent, framework, task, offer, operation });
  expect(checkInvariants(cluster).join("\n")).toMatch(violation);
});

test("it is found when an offer passes a limit", () => {
  const world = new World();
  const script = new Script(world);
  for (const line of ["s1 register", "s2 subscribe f1 roles=eng/a"]) script.run(line);
  const { state } = world.cluster;
  const offers = Array.from(state.offers.values(), ({ offer }) => offer);
  const quota = { role: "eng", guarantees: [], limits: [{ name: "cpus", milli: 3000 }] };
  state.allocator.updateQuota(quota);
  const send = [{ to: "framework", session: 2, event: { kind: "offers", offers } }] as const;
  const effects = { persist: [], send, wakeAtMs: 0 };
  const input = { kind: "batch-end", principal: null } as const;
  expect(checkTouched(world.cluster, input, effects).join("\n")).toMatch(
    /gives cpus to role eng\/a, but eng consumes 4000 milli of at most 3000/,
  );
});
