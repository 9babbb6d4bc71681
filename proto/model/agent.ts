import type { AgentId } from "./ids.ts";
import type { IntegerRange, Resources } from "./resources.ts";

/** FEATURES M-36. */
export interface Attribute {
  readonly name: string;
  readonly value:
    | { readonly type: "scalar"; readonly milli: number }
    | { readonly type: "ranges"; readonly ranges: readonly IntegerRange[] }
    | { readonly type: "text"; readonly text: string };
}

/** FEATURES M-37. */
export interface FaultDomain {
  readonly region: string;
  readonly zone: string;
}

/** What an agent says of itself. `payload`: the rest of Mesos' AgentInfo. */
export interface AgentInfo {
  readonly hostname: string;
  /** Where the agent can be reached, for display only: the master never dials agents. */
  readonly port: number;
  readonly resources: Resources;
  readonly attributes: readonly Attribute[];
  readonly domain?: FaultDomain;
  /** Version of the agent's program. */
  readonly version: string;
  readonly payload: Uint8Array;
}

/** An agent with its id, as frameworks and the registry see it. */
export interface KnownAgent {
  readonly agentId: AgentId;
  readonly info: AgentInfo;
}
