import type { Simulation } from "../simulation.ts";

/** Who is down until when: of several faults that keep one node down the longest counts. */
export class Downtimes {
  readonly #simulation: Simulation;
  readonly #untilMs = new Map<string, number>();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** The node is down already; it starts when nothing keeps it down any more. */
  keepDown(node: { readonly name: string; start(): void }, durationMs: number): void {
    const { nowMs } = this.#simulation;
    const untilMs = Math.max(this.#untilMs.get(node.name) ?? 0, nowMs + durationMs);
    this.#untilMs.set(node.name, untilMs);
    this.#simulation.after(durationMs, () => {
      if ((this.#untilMs.get(node.name) ?? 0) <= this.#simulation.nowMs) node.start();
    });
  }
}
