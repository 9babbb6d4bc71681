import type { AgentId } from "@bourse/model/ids";

export type GpuStockMemory = readonly {
  readonly agentId: AgentId;
  readonly model: string;
  readonly gpus: number;
}[];

interface Seen {
  readonly model: string;
  readonly gpus: number;
}

/** Which GPUs the cluster has, as far as offers ever showed: a full GPU is in no offer. */
export class GpuStock {
  readonly #byAgent = new Map<AgentId, Seen>();
  readonly #byModel = new Map<string, number>();
  #total = 0;

  snapshot(): GpuStockMemory {
    return Array.from(this.#byAgent, ([agentId, seen]) => ({ agentId, ...seen }));
  }

  restore(memory: GpuStockMemory): void {
    for (const { agentId, model, gpus } of memory) this.saw(agentId, model, gpus);
  }

  /** Of all agents. Grows whenever anything here changes. */
  get total(): number {
    return this.#total;
  }

  /** Most GPUs that the agent was ever offered with. */
  on(agentId: AgentId): number {
    return this.#byAgent.get(agentId)?.gpus ?? 0;
  }

  of(model: string): number {
    return this.#byModel.get(model) ?? 0;
  }

  saw(agentId: AgentId, model: string, gpus: number): void {
    const more = gpus - this.on(agentId);
    if (more <= 0) return;
    this.#byAgent.set(agentId, { model, gpus });
    this.#byModel.set(model, this.of(model) + more);
    this.#total += more;
  }
}
