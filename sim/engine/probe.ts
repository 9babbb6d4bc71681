import type { Effects, Sending } from "@bourse/cluster/effects";
import type { ClusterInput } from "@bourse/cluster/inputs";
import type { Now } from "@bourse/model/now";
import type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
import type { CheckpointRecord } from "@bourse/task/effects";
import type { VolumeRef } from "@bourse/task/volumes";
import type { Container } from "./containers.ts";
import type { SimAgent } from "./sim-agent.ts";
import type { SimFramework } from "./sim-framework.ts";

/** Something that looks on: checks, meters, the hash of a run, a test. It changes nothing. */
export interface Probe {
  /** Just decided; the effects may have to wait for the store. */
  masterDecided?(now: Now, input: ClusterInput, effects: Effects): void;
  /** Left the master. */
  masterSent?(sending: Sending): void;
  agentStored?(agent: SimAgent, record: CheckpointRecord): void;
  containerBegan?(agent: SimAgent, container: Container): void;
  containerEnded?(agent: SimAgent, container: Container): void;
  /** The data of a volume is deleted. */
  volumeGone?(agent: SimAgent, volume: VolumeRef): void;
  frameworkSent?(framework: SimFramework, call: FrameworkCall): void;
  frameworkHeard?(framework: SimFramework, event: FrameworkEvent): void;
  /** For people: a fault, a crash, a restart. */
  noted?(atMs: number, text: string): void;
}

/** All that look on, as one. */
export class Probes implements Required<Probe> {
  readonly #all: Probe[] = [];

  add(probe: Probe): void {
    this.#all.push(probe);
  }

  masterDecided(now: Now, input: ClusterInput, effects: Effects): void {
    for (const probe of this.#all) probe.masterDecided?.(now, input, effects);
  }

  masterSent(sending: Sending): void {
    for (const probe of this.#all) probe.masterSent?.(sending);
  }

  agentStored(agent: SimAgent, record: CheckpointRecord): void {
    for (const probe of this.#all) probe.agentStored?.(agent, record);
  }

  containerBegan(agent: SimAgent, container: Container): void {
    for (const probe of this.#all) probe.containerBegan?.(agent, container);
  }

  containerEnded(agent: SimAgent, container: Container): void {
    for (const probe of this.#all) probe.containerEnded?.(agent, container);
  }

  volumeGone(agent: SimAgent, volume: VolumeRef): void {
    for (const probe of this.#all) probe.volumeGone?.(agent, volume);
  }

  frameworkSent(framework: SimFramework, call: FrameworkCall): void {
    for (const probe of this.#all) probe.frameworkSent?.(framework, call);
  }

  frameworkHeard(framework: SimFramework, event: FrameworkEvent): void {
    for (const probe of this.#all) probe.frameworkHeard?.(framework, event);
  }

  noted(atMs: number, text: string): void {
    for (const probe of this.#all) probe.noted?.(atMs, text);
  }
}
