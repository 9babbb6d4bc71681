import type { BatchColumns, TaskClass } from "./batch-columns.ts";
import { DEVICES_MAX, type FreeSpace, WHOLE_DEVICE } from "./free-space.ts";
import type { GpuStock } from "./gpu-stock.ts";
import type { HeldAgent } from "./placement-round.ts";
import type { PlacementScore } from "./placement-score.ts";
import { mixOf, type TaskShare } from "./task-mix.ts";

/**
 * Losses are told apart in steps of so many thousandths of a GPU; within one the first agent by name is taken, so that
 * few agents fill up one after the other. Finer steps scatter tasks for gains that come to nothing.
 */
const STEP_MILLI = 40;

/** What one GPU costs of a model that is wanted as often as there are GPUs of it, in thousandths of a GPU. */
const PRESSURE_MILLI = 1_000;

/**
 * Where the GPUs that tasks like those of the load could not use grow least: fragmentation gradient descent (CASES
 * section 6) with two changes. What is left of an agent counts half for as many tasks as its cpus have room for, and
 * only half whole as soon as they have room for one. And models for which many tasks ask by name cost more, so that
 * tasks to which all are alike leave them alone. The mix of tasks is that of the whole load.
 */
export class FragmentationScore implements PlacementScore {
  readonly isStable = true;
  readonly #mix: readonly TaskShare[];
  readonly #mixOf = new Map<string, ModelMix>();
  /** Of agents in hand: what is lost as they are. */
  readonly #before = new WeakMap<HeldAgent, { version: number; lost: number }>();
  readonly #cpuColumn: number;
  readonly #stock: GpuStock;
  readonly #pressure = new Map<string, number>();
  #stockSeen = -1;
  /** Of one space, after something was taken: what is left of its devices and its cpus. */
  readonly #devices = new Int32Array(DEVICES_MAX);
  #cpus = 0;
  #total = 0;

  constructor(columns: BatchColumns, stock: GpuStock) {
    this.#cpuColumn = columns.scalarNames.indexOf("cpus");
    this.#mix = mixOf(columns, this.#cpuColumn);
    this.#stock = stock;
  }

  scoreOf(held: HeldAgent, wanted: TaskClass): number {
    const { space } = held;
    const lost = this.#leastLost(space, wanted).lost - this.#lostBefore(held);
    const gpus = wanted.gpuCount + wanted.gpuMilli / WHOLE_DEVICE;
    const pressure = gpus === 0 ? 0 : this.#pressureOn(space.gpuModel) * gpus;
    return Math.floor(-(lost + PRESSURE_MILLI * pressure) / STEP_MILLI);
  }

  devicesFor(space: FreeSpace, wanted: TaskClass): number {
    return this.#leastLost(space, wanted).devices;
  }

  #leastLost(space: FreeSpace, wanted: TaskClass): { readonly lost: number; devices: number } {
    if (wanted.gpuMilli === 0) {
      const devices = space.devicesFor(wanted);
      return { lost: this.#lost(space, wanted, devices), devices };
    }
    let best = { lost: Number.POSITIVE_INFINITY, devices: 0 };
    for (let device = 0; device < space.deviceCount; device++) {
      const left = space.devices[device] as number;
      // Of devices with equally much left the first speaks for all.
      if (left < wanted.gpuMilli || space.devices.indexOf(left) < device) continue;
      const lost = this.#lost(space, wanted, 1 << device);
      if (lost < best.lost) best = { lost, devices: 1 << device };
    }
    return best;
  }

  /** Thousandths of GPU that a task of the mix could not use, on average, after `taken` is there. */
  #lost(space: FreeSpace, taken: TaskClass | null, deviceMask: number): number {
    this.#leave(space, taken, deviceMask);
    if (this.#total === 0) return 0;
    const { shares, hopeless } = this.#mixFor(space.gpuModel);
    let lost = hopeless * this.#total;
    for (let place = 0; place < shares.length; place++) {
      const share = shares[place] as TaskShare;
      lost += share.weight * (this.#total - this.#usable(space.deviceCount, share));
    }
    return lost;
  }

  #lostBefore(held: HeldAgent): number {
    const known = this.#before.get(held);
    if (known?.version === held.version) return known.lost;
    const lost = this.#lost(held.space, null, 0);
    this.#before.set(held, { version: held.version, lost });
    return lost;
  }

  #mixFor(model: string): ModelMix {
    const known = this.#mixOf.get(model);
    if (known !== undefined) return known;
    const shares = this.#mix.filter(
      ({ gpus, models }) => gpus > 0 && (models === null || models.includes(model)),
    );
    const made = { shares, hopeless: 1 - shares.reduce((sum, { weight }) => sum + weight, 0) };
    this.#mixOf.set(model, made);
    return made;
  }

  #leave(space: FreeSpace, taken: TaskClass | null, deviceMask: number): void {
    const column = this.#cpuColumn;
    this.#cpus = column < 0 ? Number.POSITIVE_INFINITY : (space.scalars[column] as number);
    if (taken !== null && column >= 0) this.#cpus -= taken.demand[column] as number;
    const milli = taken === null ? 0 : taken.gpuMilli > 0 ? taken.gpuMilli : WHOLE_DEVICE;
    this.#total = 0;
    for (let device = 0; device < space.deviceCount; device++) {
      const isTaken = (deviceMask & (1 << device)) !== 0;
      const left = (space.devices[device] as number) - (isTaken ? milli : 0);
      this.#devices[device] = left;
      this.#total += left;
    }
  }

  /** Of what is left, the thousandths that tasks of the share could use. */
  #usable(deviceCount: number, { cpus, gpus, milli }: TaskShare): number {
    let fitting = 0;
    let usable = 0;
    for (let device = 0; device < deviceCount; device++) {
      const left = this.#devices[device] as number;
      if (left < milli) continue;
      fitting += 1;
      usable += left;
    }
    if (fitting < gpus || cpus > this.#cpus) return 0;
    if (cpus === 0) return usable;
    const byCpus = Math.floor(this.#cpus / cpus) * gpus * milli;
    return byCpus < usable ? (byCpus + usable) / 2 : usable;
  }

  /** How much of the demand asks for the model by name, by how much there is; 1 = as much as there is. */
  #pressureOn(model: string): number {
    if (this.#stockSeen !== this.#stock.total) this.#measurePressure();
    return this.#pressure.get(model) ?? 0;
  }

  #measurePressure(): void {
    this.#stockSeen = this.#stock.total;
    this.#pressure.clear();
    let wanted = 0;
    for (const { weight, gpus, milli } of this.#mix) wanted += weight * gpus * milli;
    for (const { weight, gpus, milli, models } of this.#mix) {
      if (models === null || gpus === 0) continue;
      const there = models.reduce((sum, model) => sum + this.#stock.of(model), 0);
      if (there === 0) continue;
      const pressure = ((weight * gpus * milli) / wanted) * (this.#stock.total / there);
      for (const model of models) {
        this.#pressure.set(model, (this.#pressure.get(model) ?? 0) + pressure);
      }
    }
  }
}

/** The tasks that GPUs of one model will do for, and the fraction of those for which they will not. */
interface ModelMix {
  readonly shares: readonly TaskShare[];
  readonly hopeless: number;
}
