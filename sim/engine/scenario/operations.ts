import type { RequestId } from "@bourse/model/ids";
import type { MaintenanceWindow } from "@bourse/model/maintenance";
import type { OperatorCall } from "@bourse/model/operator";
import { WALL_ORIGIN_MS } from "../simulation.ts";
import type { World } from "../world.ts";
import type { TimedOperation } from "./scenario.ts";

/** What the operators of a scenario do, at its times; what the master refuses is noted. */
export class Operations {
  readonly #world: World;
  readonly #asked = new Map<RequestId, OperatorCall>();

  constructor(world: World, operations: readonly TimedOperation[]) {
    this.#world = world;
    for (const { atMs, call } of operations) world.simulation.at(atMs, () => this.#do(call));
  }

  /** Notes what was refused since it was last asked. */
  hear(): void {
    const { replies } = this.#world.master;
    for (const [request, { kind }] of this.#asked) {
      const reply = replies.get(request);
      if (reply === undefined) continue;
      this.#asked.delete(request);
      if (reply.kind === "refused")
        this.#world.note(`${kind} is refused: ${reply.refusal.message}`);
    }
  }

  #do(call: OperatorCall): void {
    const live = liveCall(this.#world, call);
    if (typeof live === "string") this.#world.note(`${call.kind} cannot be done: ${live}`);
    else if (!this.#world.master.isUp)
      this.#world.note(`${call.kind} cannot be done: the master is down`);
    else this.#asked.set(this.#world.master.operate(live), call);
  }
}

/** The call with ids for names; or why there is none. */
function liveCall(world: World, call: OperatorCall): OperatorCall | string {
  switch (call.kind) {
    case "deactivate-agent":
    case "reactivate-agent":
    case "operate": {
      const agentId = world.agent(call.agentId).agentId;
      return agentId === null ? `${call.agentId} has not registered yet` : { ...call, agentId };
    }
    case "teardown-framework":
    case "kill-task": {
      const { frameworkId } = world.framework(call.frameworkId);
      return frameworkId === null
        ? `${call.frameworkId} has not subscribed yet`
        : { ...call, frameworkId };
    }
    case "update-maintenance-schedule":
      return { ...call, windows: call.windows.map(atWallTime) };
    default:
      return call;
  }
}

function atWallTime({ machines, unavailability }: MaintenanceWindow): MaintenanceWindow {
  const startMs = unavailability.startMs + WALL_ORIGIN_MS;
  return { machines, unavailability: { ...unavailability, startMs } };
}
