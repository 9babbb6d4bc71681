import { present } from "@bourse/model/assert";
import { expect, test } from "vitest";
import type { Cluster } from "./cluster.ts";
import { checkInvariants } from "./invariants.ts";
import type { Agent, ClusterState, Framework, OfferRecord, Task } from "./state.ts";
import { Script } from "./testing/script-commands.ts";
import { World } from "./testing/world.ts";

/** An agent with a running task and the rest of it on offer. */
function busyCluster(): Cluster {
  const world = new World();
  const script = new Script(world);
  for (const line of [
    "s1 register",
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
    /has nothing, but cpus:4; mem:4096 are given away/,
  ],
  [
    "the allocator has forgotten what a task holds",
    ({ state, task }) => {
      const { frameworkId, role, agentId, info } = task;
      const held = { frameworkId, role, agentId, resources: info.resources };
      state.allocator.recover(held, { kind: "terminal" }, { monoMs: 1000, wallMs: 0 });
    },
    /holds cpus:3; mem:3968 in the allocator, cpus:4; mem:4096 here/,
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
  damage({ state, agent, framework, task, offer });
  expect(checkInvariants(cluster).join("\n")).toMatch(violation);
});
