import type { Cluster } from "@bourse/cluster/cluster";
import type { Scenario } from "../scenario/scenario.ts";
import type { World } from "../world.ts";
import type { HeatColumns } from "./heat-columns.ts";
import type { RoleBooks } from "./role-books.ts";
import { foldedName } from "./scenario-summary.ts";
import { typicalTasks } from "./typical-tasks.ts";

/** Not imported: the engine knows the allocator only through the cluster. */
type Usage = Cluster["state"]["allocator"]["usage"];

const NONE = -1;

/**
 * Looks at the cluster as it is now: what tasks hold in all, agent by agent and role by role, and how much of what is
 * free is of no use. What is offered counts as free: nobody runs on it. While the master is down everything stays as
 * it was last seen.
 */
export class ClusterSampler {
  /** Scalars by name, shared GPUs as one; the columns of `used` and `fragmentation`. */
  readonly names: readonly string[];
  /** Fractions of the capacity. */
  readonly used: Float64Array;
  /** Fractions of what is free. */
  readonly fragmentation: Float64Array;
  readonly #world: World;
  readonly #capacity: Readonly<Record<string, number>>;
  readonly #excluded: readonly string[];
  readonly #shapes: readonly Shape[];
  readonly #columns = { total: new Float64Array(0), held: new Float64Array(0) };
  /** By slot of the allocator: whose it was when it was last looked at, and which agent of the world that is. */
  readonly #idOf: (string | null)[] = [];
  readonly #agentOf: number[] = [];
  #dimensions: readonly Dimension[] = [];
  /** By dimension, as in `#dimensions`. */
  #columnOf = new Int32Array(0);
  #isDevice = new Uint8Array(0);
  #hasDevices = false;
  /** By dimension: who has so much free can use all of it, whatever the task. */
  #ample = new Float64Array(0);
  #offeredByRole = new Float64Array(0);
  /** Of the agent that is looked at, by column. */
  readonly #has: Float64Array;
  readonly #left: Float64Array;

  constructor(world: World, scenario: Scenario, capacity: Readonly<Record<string, number>>) {
    this.#world = world;
    this.#capacity = capacity;
    this.#excluded = scenario.master.fairnessExcluded ?? [];
    this.names = Object.keys(capacity);
    this.used = new Float64Array(this.names.length);
    this.fragmentation = new Float64Array(this.names.length);
    this.#has = new Float64Array(this.names.length);
    this.#left = new Float64Array(this.names.length);
    this.#shapes = typicalTasks(scenario, capacity).map(
      ({ weight, gpuMilli, amounts }): Shape => ({
        weight,
        deviceMilli: gpuMilli > 0 ? gpuMilli : 1_000,
        devices:
          gpuMilli > 0 ? 1 : (amounts.find(({ name }) => name === "gpus")?.milli ?? 0) / 1_000,
        amounts: new Map(amounts.map(({ name, milli }) => [name, milli])),
        needs: new Float64Array(0),
        unusable: new Float64Array(this.names.length),
      }),
    );
  }

  /** Whether some typical task needs it: of what nobody needs nothing is fragmented. */
  isNeeded(name: string): boolean {
    return this.#shapes.some((shape) => needs(shape, name));
  }

  /** Cheap: sums that the master keeps anyway. */
  lookAtTotals(cluster: Cluster): void {
    this.used.fill(0);
    for (const [name, milli] of cluster.state.allocatedMilli) {
      const column = this.names.indexOf(foldedName(name));
      if (column !== NONE) this.used[column]! += milli / this.#capacityOf(column);
    }
  }

  /** A walk over all agents and all offers. */
  lookAtAll(cluster: Cluster, roles: RoleBooks, heat: HeatColumns): void {
    const { usage } = cluster.state.allocator;
    if (usage.dimensions !== this.#dimensions.length) this.#nameDimensions(usage);
    usage.readAgents(this.#columns);
    this.#takeOffers(cluster, usage, roles);
    this.#readRoles(usage, roles);
    this.#walk(usage, heat);
  }

  #capacityOf(column: number): number {
    return this.#capacity[this.names[column]!] || 1;
  }

  #nameDimensions(usage: Usage): void {
    this.#dimensions = Array.from({ length: usage.dimensions }, (_, dimension) => {
      const name = usage.dimensionName(dimension);
      const folded = foldedName(name);
      return {
        name,
        column: this.names.indexOf(folded),
        isDevice: folded !== name,
        isShared: !this.#excluded.includes(name),
      };
    });
    this.#columnOf = Int32Array.from(this.#dimensions, ({ column }) => column);
    this.#isDevice = Uint8Array.from(this.#dimensions, ({ isDevice }) => (isDevice ? 1 : 0));
    this.#hasDevices = this.#dimensions.some(({ isDevice }) => isDevice);
    for (const shape of this.#shapes) {
      shape.needs = Float64Array.from(this.#dimensions, ({ name, isDevice }) =>
        isDevice || (this.#hasDevices && name === "gpus") ? 0 : (shape.amounts.get(name) ?? 0),
      );
    }
    this.#ample = Float64Array.from(this.#dimensions, (_, dimension) =>
      Math.max(0, ...this.#shapes.map(({ needs }) => needs[dimension]!)),
    );
  }

  /** What is offered is not held by a task: neither on its agent nor in its role and those above. */
  #takeOffers(cluster: Cluster, usage: Usage, roles: RoleBooks): void {
    const width = this.#dimensions.length;
    const { held } = this.#columns;
    let offered = this.#offeredByRole.fill(0);
    for (const { offer } of cluster.state.offers.values()) {
      const slot = usage.slotOf(offer.agentId);
      if (slot === NONE) continue;
      const role = roles.open(offer.role);
      if (offered.length < roles.names.length * width) {
        const grown = new Float64Array(roles.names.length * width * 2);
        grown.set(offered);
        offered = grown;
        this.#offeredByRole = grown;
      }
      for (const { name, value, isShared } of offer.resources) {
        if (value.type !== "scalar" || isShared) continue;
        const dimension = this.#dimensionOf(name);
        if (dimension === NONE) continue;
        held[slot * width + dimension]! -= value.milli;
        for (let node = role; node !== NONE; node = roles.parentOf(node))
          offered[node * width + dimension]! += value.milli;
      }
    }
  }

  #dimensionOf(name: string): number {
    for (let dimension = 0; dimension < this.#dimensions.length; dimension++)
      if (this.#dimensions[dimension]!.name === name) return dimension;
    return NONE;
  }

  #readRoles(usage: Usage, roles: RoleBooks): void {
    const width = this.#dimensions.length;
    for (let role = 0; role < roles.names.length; role++) {
      const slot = usage.roleSlotOf(roles.names[role]!);
      let dominant = 0;
      for (let dimension = 0; slot !== NONE && dimension < width; dimension++) {
        const total = usage.totalOf(dimension);
        if (total <= 0 || !this.#dimensions[dimension]!.isShared) continue;
        const offered = this.#offeredByRole[role * width + dimension] ?? 0;
        const share = (usage.heldByRole(slot, dimension) - offered) / total;
        if (share > dominant) dominant = share;
      }
      roles.share[role] = dominant;
    }
  }

  #walk(usage: Usage, heat: HeatColumns): void {
    const free = new Float64Array(this.#dimensions.length);
    const freeSum = new Float64Array(this.names.length);
    const shapes = this.#shapes;
    for (let index = 0; index < shapes.length; index++) shapes[index]!.unusable.fill(0);
    for (let slot = 0; slot < usage.agentSlots; slot++) {
      const agent = this.#agentAt(slot, usage);
      if (agent === NONE) continue;
      // One that an operator holds back is connected all the same.
      if (!usage.isActive(slot) && !this.#world.agents[agent]!.isConnected) continue;
      heat.agent(agent, this.#readAgent(slot, free, freeSum));
      if (this.#isAmple(free)) continue;
      for (let index = 0; index < shapes.length; index++) this.#countUnusable(shapes[index]!, free);
    }
    heat.done();
    this.#settleFragmentation(freeSum);
  }

  /** The world's agent that has the slot, or NONE. */
  #agentAt(slot: number, usage: Usage): number {
    const id = usage.agentIdOf(slot);
    if (this.#idOf[slot] === id) return this.#agentOf[slot]!;
    // Somebody is new: who that is says the world. Agents come once, so this is done a few times in a run.
    const indexOf = new Map(this.#world.agents.map(({ agentId }, index) => [agentId, index]));
    for (let each = 0; each < usage.agentSlots; each++) {
      const agentId = usage.agentIdOf(each);
      const agent = agentId === null ? undefined : indexOf.get(agentId);
      this.#agentOf[each] = agent ?? NONE;
      // An agent that has not noted its id yet is asked for again.
      this.#idOf[each] = agentId !== null && agent === undefined ? "" : agentId;
    }
    return this.#agentOf[slot]!;
  }

  /** Percent of the scarcest scalar; what is free goes into `free`, and is added to the sums. */
  #readAgent(slot: number, free: Float64Array, freeSum: Float64Array): number {
    const width = free.length;
    const { total, held } = this.#columns;
    const has = this.#has.fill(0);
    const left = this.#left.fill(0);
    for (let dimension = 0; dimension < width; dimension++) {
      const of = total[slot * width + dimension]!;
      const less = of - held[slot * width + dimension]!;
      free[dimension] = less > 0 ? less : 0;
      const column = this.#columnOf[dimension]!;
      if (column === NONE) continue;
      has[column]! += of;
      left[column]! += free[dimension]!;
    }
    let emptiest = 1;
    for (let column = 0; column < has.length; column++) {
      freeSum[column]! += left[column]!;
      if (left[column]! < emptiest * has[column]!) emptiest = left[column]! / has[column]!;
    }
    return 100 * (1 - emptiest);
  }

  /** Every typical task fits. Of devices the one that is looked at may be too small all the same. */
  #isAmple(free: Float64Array): boolean {
    if (this.#hasDevices) return false;
    for (let dimension = 0; dimension < free.length; dimension++)
      if (free[dimension]! < this.#ample[dimension]!) return false;
    return true;
  }

  /** A task that fits can use all scalars but the devices that have too little left. */
  #countUnusable({ needs, devices, deviceMilli, unusable }: Shape, free: Float64Array): void {
    const width = free.length;
    let fits = true;
    let enough = 0;
    for (let dimension = 0; dimension < width; dimension++) {
      if (this.#isDevice[dimension] === 1) {
        if (free[dimension]! >= deviceMilli) enough += 1;
      } else if (free[dimension]! < needs[dimension]!) fits = false;
    }
    if (this.#hasDevices && enough < devices) fits = false;
    for (let dimension = 0; dimension < width; dimension++) {
      const column = this.#columnOf[dimension]!;
      const isUsable = fits && (this.#isDevice[dimension] === 0 || free[dimension]! >= deviceMilli);
      if (column !== NONE && !isUsable) unusable[column]! += free[dimension]!;
    }
  }

  /** Of each scalar, over the tasks that need it. */
  #settleFragmentation(freeSum: Float64Array): void {
    for (let column = 0; column < this.names.length; column++) {
      let weights = 0;
      let sum = 0;
      for (const shape of this.#shapes) {
        if (!needs(shape, this.names[column]!)) continue;
        const { weight, unusable } = shape;
        weights += weight;
        if (freeSum[column]! > 0) sum += (weight * unusable[column]!) / freeSum[column]!;
      }
      this.fragmentation[column] = weights > 0 ? sum / weights : 0;
    }
  }
}

interface Dimension {
  readonly name: string;
  readonly column: number;
  /** One of several GPUs that tasks may share. */
  readonly isDevice: boolean;
  /** Counts in shares. */
  readonly isShared: boolean;
}

interface Shape {
  readonly weight: number;
  /** Of one device: how much must be free of it. */
  readonly deviceMilli: number;
  readonly devices: number;
  readonly amounts: ReadonlyMap<string, number>;
  /** By dimension. */
  needs: Float64Array;
  /** By column, over all agents. */
  readonly unusable: Float64Array;
}

function needs({ amounts, devices }: Shape, name: string): boolean {
  return (amounts.get(name) ?? 0) > 0 || (name === "gpus" && devices > 0);
}
