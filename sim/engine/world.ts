import type { ClusterConfig } from "@bourse/cluster/inputs";
import { present } from "@bourse/model/assert";
import type { AgentId } from "@bourse/model/ids";
import { type Latency, Network } from "./network.ts";
import { Probes } from "./probe.ts";
import type { ShellOptions, Surroundings } from "./shell.ts";
import { SimAgent, type SimAgentOptions } from "./sim-agent.ts";
import { SimFramework, type SimFrameworkOptions } from "./sim-framework.ts";
import { type AgentLink, type FrameworkLink, SimMaster } from "./sim-master.ts";
import { Simulation } from "./simulation.ts";

export interface WorldOptions {
  readonly seed: string;
  readonly shell: ShellOptions;
  readonly latency: Latency;
  readonly master: ClusterConfig;
}

/** Shells without a flaw: no delays of their own, nothing checked. */
export const PLAIN_SHELL: ShellOptions = {
  isStrict: false,
  hasCrashes: false,
  appendMaxMs: 0,
  holdMaxMs: 0,
  turnMaxMs: 0,
  connectMaxMs: 100,
};

/** A whole cluster in virtual time: one master, its agents, their frameworks, the network between them. */
export class World {
  readonly simulation: Simulation;
  readonly network: Network;
  readonly probes = new Probes();
  readonly master: SimMaster;
  readonly agents: SimAgent[] = [];
  readonly frameworks: SimFramework[] = [];
  readonly #around: Surroundings;

  constructor(options: WorldOptions) {
    this.simulation = new Simulation(options.seed);
    this.network = new Network(this.simulation, options.latency);
    this.#around = {
      simulation: this.simulation,
      network: this.network,
      probes: this.probes,
      shell: options.shell,
    };
    this.master = new SimMaster(this.#around, options.master);
  }

  /** Added and, like everything here, down until it is started. */
  addAgent(options: Omit<SimAgentOptions, "connect">): SimAgent {
    const connect = (): AgentLink | null => {
      if (!this.master.isUp) return null;
      const link: AgentLink | null = this.network.connect(options.name, this.master.name);
      if (link !== null) this.master.accept({ kind: "agent", link });
      return link;
    };
    const agent = new SimAgent(this.#around, { ...options, connect });
    this.agents.push(agent);
    return agent;
  }

  addFramework(options: Omit<SimFrameworkOptions, "connect">): SimFramework {
    const connect = (): FrameworkLink | null => {
      if (!this.master.isUp) return null;
      const link: FrameworkLink | null = this.network.connect(options.name, this.master.name);
      if (link !== null) this.master.accept({ kind: "framework", link });
      return link;
    };
    const framework = new SimFramework(this.#around, { ...options, connect });
    this.frameworks.push(framework);
    return framework;
  }

  startAll(): void {
    this.master.start();
    for (const agent of this.agents) agent.start();
    for (const framework of this.frameworks) framework.start();
  }

  agent(name: string): SimAgent {
    return present(
      this.agents.find((agent) => agent.name === name),
      `agent ${name}`,
    );
  }

  agentById(agentId: AgentId): SimAgent | undefined {
    return this.agents.find((agent) => agent.agentId === agentId);
  }

  framework(name: string): SimFramework {
    return present(
      this.frameworks.find((framework) => framework.name === name),
      `framework ${name}`,
    );
  }

  note(text: string): void {
    this.probes.noted(this.simulation.nowMs, text);
  }
}
