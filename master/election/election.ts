/** What a leader may rely on while it leads. */
export interface Leadership {
  /** Higher than that of every leader before; every session carries it (DESIGN section 2, Epoch). */
  readonly epoch: number;
  /** Calls back once if leadership ends by itself; the process then stops sending and ends. */
  onLost(callback: (cause: string) => void): void;
  resign(): Promise<void>;
}

/** Decides who leads. Resolves when this process does. */
export interface Election {
  campaign(): Promise<Leadership>;
}
