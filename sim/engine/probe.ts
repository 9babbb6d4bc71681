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

/** All that look on, as one: each hook knows who listens to it, because most listen to few. */
export class Probes implements Required<Probe> {
  readonly #masterDecided: With<"masterDecided">[] = [];
  readonly #masterSent: With<"masterSent">[] = [];
  readonly #agentStored: With<"agentStored">[] = [];
  readonly #containerBegan: With<"containerBegan">[] = [];
  readonly #containerEnded: With<"containerEnded">[] = [];
  readonly #volumeGone: With<"volumeGone">[] = [];
  readonly #frameworkSent: With<"frameworkSent">[] = [];
  readonly #frameworkHeard: With<"frameworkHeard">[] = [];
  readonly #noted: With<"noted">[] = [];

  add(probe: Probe): void {
    if (has(probe, "masterDecided")) this.#masterDecided.push(probe);
    if (has(probe, "masterSent")) this.#masterSent.push(probe);
    if (has(probe, "agentStored")) this.#agentStored.push(probe);
    if (has(probe, "containerBegan")) this.#containerBegan.push(probe);
    if (has(probe, "containerEnded")) this.#containerEnded.push(probe);
    if (has(probe, "volumeGone")) this.#volumeGone.push(probe);
    if (has(probe, "frameworkSent")) this.#frameworkSent.push(probe);
    if (has(probe, "frameworkHeard")) this.#frameworkHeard.push(probe);
    if (has(probe, "noted")) this.#noted.push(probe);
  }

  masterDecided(now: Now, input: ClusterInput, effects: Effects): void {
    const all = this.#masterDecided;
    for (let index = 0; index < all.length; index++) all[index]?.masterDecided(now, input, effects);
  }

  masterSent(sending: Sending): void {
    const all = this.#masterSent;
    for (let index = 0; index < all.length; index++) all[index]?.masterSent(sending);
  }

  agentStored(agent: SimAgent, record: CheckpointRecord): void {
    const all = this.#agentStored;
    for (let index = 0; index < all.length; index++) all[index]?.agentStored(agent, record);
  }

  containerBegan(agent: SimAgent, container: Container): void {
    const all = this.#containerBegan;
    for (let index = 0; index < all.length; index++) all[index]?.containerBegan(agent, container);
  }

  containerEnded(agent: SimAgent, container: Container): void {
    const all = this.#containerEnded;
    for (let index = 0; index < all.length; index++) all[index]?.containerEnded(agent, container);
  }

  volumeGone(agent: SimAgent, volume: VolumeRef): void {
    const all = this.#volumeGone;
    for (let index = 0; index < all.length; index++) all[index]?.volumeGone(agent, volume);
  }

  frameworkSent(framework: SimFramework, call: FrameworkCall): void {
    const all = this.#frameworkSent;
    for (let index = 0; index < all.length; index++) all[index]?.frameworkSent(framework, call);
  }

  frameworkHeard(framework: SimFramework, event: FrameworkEvent): void {
    const all = this.#frameworkHeard;
    for (let index = 0; index < all.length; index++) all[index]?.frameworkHeard(framework, event);
  }

  noted(atMs: number, text: string): void {
    const all = this.#noted;
    for (let index = 0; index < all.length; index++) all[index]?.noted(atMs, text);
  }
}

type With<Hook extends keyof Probe> = Probe & Required<Pick<Probe, Hook>>;

function has<Hook extends keyof Probe>(probe: Probe, hook: Hook): probe is With<Hook> {
  return probe[hook] !== undefined;
}
