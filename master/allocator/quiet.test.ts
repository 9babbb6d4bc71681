import type { RoleConstraints } from "@bourse/model/constraints";
import type { Quota } from "@bourse/model/quota";
import { Random } from "@bourse/model/random";
import type { Resource } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import { type AgentOptions, ALLOCATOR_DEFAULTS, type FrameworkOptions } from "./options.ts";
import { NO_QUOTA } from "./quiet.ts";
import { NONE } from "./slots.ts";
import { Tables } from "./tables.ts";

/** a1 has been refused by f1 and f2 for a minute, and a run has found nobody for it. */
const REFUSE_MS = 60_000;
const AGENT = agent("cpus:4;mem:64;ports:[1-10]");

function agent(total: string, more: Partial<AgentOptions> = {}): AgentOptions {
  return { total: parseResources(total), hostname: "h1", attributes: [], ...more };
}

function framework(role: string, more: Partial<FrameworkOptions> = {}): FrameworkOptions {
  return { roles: [role], suppressedRoles: [], capabilities: [], ...more };
}

class Quiet {
  readonly allocator = new Allocator({ random: Random.fromSeed(1), config: ALLOCATOR_DEFAULTS });
  #monoMs = 0;

  constructor(options: AgentOptions = AGENT) {
    this.allocator.addAgent("a1", options, []);
    for (const name of ["f1", "f2"]) this.allocator.addFramework(name, framework(name));
    for (let offers = this.run(); offers !== "nothing"; ) offers = this.declineAll();
    expect(this.run()).toBe("nothing");
  }

  /** The next periodic run. */
  run(): string {
    return this.runAt(this.#monoMs + 1_000);
  }

  runAt(monoMs: number): string {
    this.#monoMs = monoMs;
    return this.allocate("all");
  }

  allocate(which: "all" | "changed"): string {
    this.#offers = this.allocator.allocate(this.#now, which);
    return this.#offers.map(({ frameworkId }) => frameworkId).join() || "nothing";
  }

  declineAll(refuseMs = REFUSE_MS): string {
    for (const offer of this.#offers)
      this.allocator.recover(offer, { kind: "declined", refuseMs }, this.#now);
    return this.run();
  }

  #offers: ReturnType<Allocator["allocate"]> = [];

  get #now() {
    return { monoMs: this.#monoMs, wallMs: 0 };
  }
}

test("an agent that nobody wanted is offered when the first refusal ends, not before (M-25)", () => {
  const quiet = new Quiet();
  // f1 refused at 1 s.
  expect(quiet.runAt(1_000 + REFUSE_MS - 1)).toBe("nothing");
  expect(quiet.runAt(1_000 + REFUSE_MS)).toBe("f1");
});

test.each<[what: string, change: (quiet: Quiet) => void, offered: string]>([
  ["nothing changes", () => {}, "nothing"],
  ["a framework revives (M-25)", ({ allocator }) => allocator.revive("f2", []), "f2"],
  ["a framework comes", ({ allocator }) => allocator.addFramework("f3", framework("f3")), "f3"],
  [
    "a framework comes back",
    ({ allocator }) => {
      allocator.deactivateFramework("f2");
      allocator.activateFramework("f2");
    },
    "f2",
  ],
  [
    "a framework takes another role",
    ({ allocator }) => allocator.updateFramework("f1", framework("other")),
    "f1",
  ],
  [
    "the agent has more",
    ({ allocator }) => allocator.updateAgent("a1", agent("cpus:5;mem:64;ports:[1-10]")),
    "f1",
  ],
  [
    "the agent has other ports",
    ({ allocator }) => allocator.updateAgent("a1", agent("cpus:4;mem:64;ports:[2-11]")),
    "f1",
  ],
  [
    "the agent has less: what was refused holds it",
    ({ allocator }) => allocator.updateAgent("a1", agent("cpus:3;mem:64")),
    "nothing",
  ],
  ["a framework is suppressed", ({ allocator }) => allocator.suppress("f1", []), "nothing"],
  ["a framework goes", ({ allocator }) => allocator.removeFramework("f1"), "nothing"],
  ["a weight changes", ({ allocator }) => allocator.updateWeight("f1", 2), "nothing"],
])("a quiet agent and %s", (_, change, offered) => {
  const quiet = new Quiet();
  change(quiet);
  expect(quiet.allocate("changed")).toBe(offered);
  if (offered === "nothing") expect(quiet.run()).toBe("nothing");
});

test("who may have it now takes it whole, and refused again it is quiet for all", () => {
  const quiet = new Quiet();
  quiet.allocator.revive("f2", []);
  expect(quiet.run()).toBe("f2");
  expect(quiet.declineAll()).toBe("nothing");
  expect(quiet.run()).toBe("nothing");
});

test("an agent that excluded everybody is offered when its attributes change (M-38)", () => {
  const ssd: RoleConstraints = [
    [{ selector: { type: "attribute", name: "ssd" }, predicate: { type: "exists" } }],
  ];
  const quiet = new Quiet(AGENT);
  const offerConstraints = new Map([["f3", ssd]]);
  quiet.allocator.addFramework("f3", framework("f3", { offerConstraints }));
  expect(quiet.run()).toBe("nothing");
  const value = { type: "text", text: "yes" } as const;
  quiet.allocator.updateAgent("a1", { ...AGENT, attributes: [{ name: "ssd", value }] });
  expect(quiet.run()).toBe("f3");
});

test("an agent that is too small is offered when a framework wants less (A16)", () => {
  const quiet = new Quiet(agent("cpus:0.001;mem:1"));
  const minAllocatable = new Map([["f1", []]]);
  quiet.allocator.updateFramework("f1", framework("f1", { minAllocatable }));
  expect(quiet.run()).toBe("f1");
});

test("an agent that a limit withheld is offered when the limit is raised or lifted (A22)", () => {
  const limit = (milli: number): Quota => ({
    role: "f3",
    guarantees: [],
    limits: ["cpus", "mem"].map((name) => ({ name, milli })),
  });
  for (const next of [limit(1_000_000), { role: "f3", guarantees: [], limits: [] }]) {
    const quiet = new Quiet();
    quiet.allocator.updateQuota(limit(0));
    quiet.allocator.addFramework("f3", framework("f3"));
    expect(quiet.run()).toBe("nothing");
    expect(quiet.run()).toBe("nothing");
    quiet.allocator.updateQuota(next);
    expect(quiet.run()).toBe("f3");
  }
});

test("an agent that is kept back as headroom is offered when another one comes (A29)", () => {
  const quiet = new Quiet();
  const guarantees = [
    { name: "cpus", milli: 4_000 },
    { name: "mem", milli: 64_000 },
  ];
  quiet.allocator.updateQuota({ role: "promised", guarantees, limits: [] });
  quiet.allocator.addFramework("f3", framework("f3"));
  expect(quiet.run()).toBe("nothing");
  expect(quiet.run()).toBe("nothing");
  quiet.allocator.addAgent("a2", { ...AGENT, hostname: "h2" }, []);
  quiet.allocator.suppress("f1", []);
  quiet.allocator.suppress("f2", []);
  expect(quiet.run()).toBe("f3");
});

/** Two agents, of which the second has been noted as quiet: since version 7, until 100 ms. */
function noted(quotaVersion = NO_QUOTA) {
  const { agents } = tables();
  const held = agents.holdings.open(1, 0);
  agents.quiet.begin(1, 7, 100, quotaVersion);
  return { agents, quiet: agents.quiet, held, ports: agents.entryOfResource(1, PORTS) };
}

const PORTS = parseResources("ports:[3-4]")[0] as Resource;

function tables(): Tables {
  const chance = { roles: Random.fromSeed(1), frameworks: Random.fromSeed(2) };
  const made = new Tables(ALLOCATOR_DEFAULTS, chance);
  for (const name of ["a0", "a1", "a2"]) made.addAgent(name, AGENT);
  return made;
}

test("an agent is quiet from what was noted on, and no other is", () => {
  const { quiet } = noted();
  expect([0, 1, 2].map((agent) => quiet.since(agent, 99, 0))).toEqual([NONE, 7, NONE]);
  expect(quiet.untilMs(1)).toBe(100);
  expect(quiet.isByQuota(1)).toBe(false);
});

test("an agent is quiet until its time", () => {
  const { quiet } = noted();
  expect(quiet.since(1, 100, 0)).toBe(NONE);
  quiet.begin(1, 8, Number.POSITIVE_INFINITY, NO_QUOTA);
  expect(quiet.since(1, 1e15, 0)).toBe(8);
});

test("an agent is quiet while the quota that was in the way is the same", () => {
  const { quiet } = noted(3);
  expect(quiet.isByQuota(1)).toBe(true);
  expect([2, 3, 4].map((version) => quiet.since(1, 0, version))).toEqual([NONE, 7, NONE]);
});

test("an agent is quiet while no more of it is free than was", () => {
  const { agents, quiet, held, ports } = noted();
  agents.hold(1, held, ports, 2, PORTS.value);
  expect(quiet.since(1, 0, 0)).toBe(7);
  quiet.begin(1, 8, 100, NO_QUOTA);
  agents.release(1, held, ports, 2, PORTS.value);
  expect(quiet.since(1, 0, 0)).toBe(NONE);
  agents.hold(1, held, ports, 2, PORTS.value);
  expect(quiet.since(1, 0, 0)).toBe(8);
});

test("an agent is not quiet when as many other ports are free", () => {
  const { agents, quiet, held, ports } = noted();
  const others = (parseResources("ports:[6-7]")[0] as Resource).value;
  agents.hold(1, held, ports, 2, PORTS.value);
  quiet.begin(1, 8, 100, NO_QUOTA);
  agents.hold(1, held, ports, 2, others);
  agents.release(1, held, ports, 2, PORTS.value);
  expect(quiet.since(1, 0, 0)).toBe(NONE);
});

test("an agent is not quiet when something is free again of which nothing was", () => {
  const { agents, quiet, held, ports } = noted();
  const all = (parseResources("ports:[1-10]")[0] as Resource).value;
  agents.hold(1, held, ports, 10, all);
  quiet.begin(1, 8, 100, NO_QUOTA);
  agents.release(1, held, ports, 10, all);
  expect(quiet.since(1, 0, 0)).toBe(NONE);
});

test("nothing that was noted outlives a change of an agent's entries", () => {
  const { agents, quiet } = noted();
  agents.setTotal(1, parseResources("cpus:1"));
  expect(quiet.since(1, 0, 0)).toBe(NONE);
  quiet.begin(0, 8, 100, NO_QUOTA);
  quiet.endAll();
  expect(quiet.since(0, 0, 0)).toBe(NONE);
});
