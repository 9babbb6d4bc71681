import type { Attribute } from "@bourse/model/agent";
import { attributeText } from "@bourse/model/attributes-text";
import type { Resource, Resources } from "@bourse/model/resources";
import type { Placement } from "../scenario/scenario.ts";
import type { BatchColumns, TaskClass } from "./batch-columns.ts";

/** The attribute of an agent that says which GPUs it has. */
export const GPU_MODEL_ATTRIBUTE = "gpu_model";

/** GPUs of one agent that can be shared; a bit each in a mask of devices. */
export const DEVICES_MAX = 30;
/** A device of which nobody has anything. */
export const WHOLE_DEVICE = 1_000;

/**
 * What an offer has left, in numbers: the scalars that tasks of this load want, the GPUs, and the thousandths of each
 * GPU that can be shared (scalars `gpu0`, `gpu1`, ...). Reused from offer to offer.
 */
export class FreeSpace {
  /** Thousandths, in the columns of the load. */
  readonly scalars: Float64Array;
  gpus = 0;
  readonly devices: Int32Array;
  deviceCount = 0;
  /** Everything offered is unreserved and for one use: a task may name it as it is. */
  isPlain = true;
  gpuModel = "";
  readonly #columns: BatchColumns;

  constructor(columns: BatchColumns) {
    this.#columns = columns;
    this.scalars = new Float64Array(columns.scalarNames.length);
    this.devices = new Int32Array(columns.hasGpus ? DEVICES_MAX : 0);
  }

  read(resources: Resources, attributes: readonly Attribute[]): void {
    this.scalars.fill(0);
    this.gpus = 0;
    this.devices.fill(0);
    this.deviceCount = 0;
    this.isPlain = true;
    for (let index = 0; index < resources.length; index++) this.#add(resources[index] as Resource);
    if (this.#columns.hasGpuModels) this.gpuModel = textOf(attributes, GPU_MODEL_ATTRIBUTE) ?? "";
  }

  /** A second offer of the same agent. */
  readMore(resources: Resources): void {
    for (let index = 0; index < resources.length; index++) this.#add(resources[index] as Resource);
  }

  #add({ name, value, disk, isShared, isRevocable, reservations }: Resource): void {
    if (value.type !== "scalar") return;
    // A volume, a special disk, what may be taken away: no task of a load asks for those.
    if (disk !== undefined || isShared === true || isRevocable === true) return;
    if (reservations !== undefined) this.isPlain = false;
    const column = this.#columns.scalarNames.indexOf(name);
    if (column >= 0) {
      this.scalars[column] = (this.scalars[column] as number) + value.milli;
    } else if (this.#columns.hasGpus && name.startsWith("gpu")) {
      if (name === "gpus") this.gpus += Math.floor(value.milli / 1_000);
      else this.#addDevice(name, value.milli);
    }
  }

  #addDevice(name: string, milli: number): void {
    const device = deviceOf(name);
    if (device === null) return;
    this.devices[device] = (this.devices[device] as number) + milli;
    if (device >= this.deviceCount) this.deviceCount = device + 1;
  }

  /** Whether one task fits, GPUs included. */
  fits(wanted: TaskClass): boolean {
    const { demand } = wanted;
    const { scalars } = this;
    for (let column = 0; column < demand.length; column++) {
      if ((demand[column] as number) > (scalars[column] as number)) return false;
    }
    return !this.#columns.hasGpus || this.#fitsGpus(wanted);
  }

  #fitsGpus({ gpuCount, gpuMilli, gpuModels }: TaskClass): boolean {
    if (gpuCount === 0 && gpuMilli === 0) return true;
    if (gpuModels !== null && !gpuModels.includes(this.gpuModel)) return false;
    if (gpuMilli > 0) {
      for (let device = 0; device < this.deviceCount; device++) {
        if ((this.devices[device] as number) >= gpuMilli) return true;
      }
      return false;
    }
    return this.gpus >= gpuCount || this.wholeDevices() >= gpuCount;
  }

  /** What is left of all GPUs together, in thousandths of one. */
  get gpuMilli(): number {
    let milli = this.gpus * WHOLE_DEVICE;
    for (let device = 0; device < this.deviceCount; device++) {
      milli += this.devices[device] as number;
    }
    return milli;
  }

  wholeDevices(): number {
    let count = 0;
    for (let device = 0; device < this.deviceCount; device++) {
      if ((this.devices[device] as number) >= WHOLE_DEVICE) count += 1;
    }
    return count;
  }

  /** Of the devices that a task of the class fits on; 0 when it wants none, or takes of the scalar `gpus`. */
  devicesFor({ gpuCount, gpuMilli }: TaskClass): number {
    if (gpuMilli > 0) return this.#closestDevice(gpuMilli);
    if (gpuCount === 0 || this.gpus >= gpuCount) return 0;
    return this.firstWholeDevices(gpuCount);
  }

  /** The fullest device with room, the lowest of equal ones. */
  #closestDevice(gpuMilli: number): number {
    let best = -1;
    let bestLeft = Number.POSITIVE_INFINITY;
    for (let device = 0; device < this.deviceCount; device++) {
      const left = this.devices[device] as number;
      if (left < gpuMilli || left >= bestLeft) continue;
      best = device;
      bestLeft = left;
    }
    return best < 0 ? 0 : 1 << best;
  }

  firstWholeDevices(count: number): number {
    let mask = 0;
    let left = count;
    for (let device = 0; device < this.deviceCount && left > 0; device++) {
      if ((this.devices[device] as number) < WHOLE_DEVICE) continue;
      mask |= 1 << device;
      left -= 1;
    }
    return mask;
  }

  /** Takes one task, its GPUs from the devices of the mask. It must fit. */
  take({ demand, gpuCount, gpuMilli }: TaskClass, deviceMask: number): void {
    const { scalars } = this;
    for (let column = 0; column < demand.length; column++) {
      scalars[column] = (scalars[column] as number) - (demand[column] as number);
    }
    if (deviceMask === 0) {
      this.gpus -= gpuCount;
      return;
    }
    const milli = gpuMilli > 0 ? gpuMilli : WHOLE_DEVICE;
    for (let device = 0; device < this.deviceCount; device++) {
      if ((deviceMask & (1 << device)) === 0) continue;
      this.devices[device] = (this.devices[device] as number) - milli;
    }
  }
}

/** `gpu3` -> 3; null when the scalar is something else. */
function deviceOf(name: string): number | null {
  const device = Number(name.slice("gpu".length));
  return Number.isInteger(device) && device >= 0 && device < DEVICES_MAX ? device : null;
}

/** Whether the agent has, for each constraint, one of its values. */
export function satisfies(
  attributes: readonly Attribute[],
  constraints: Placement["constraints"],
): boolean {
  return constraints.every(({ attribute, oneOf }) =>
    attributes.some(
      ({ name, value }) => name === attribute && oneOf.includes(attributeText(value)),
    ),
  );
}

function textOf(attributes: readonly Attribute[], name: string): string | null {
  const found = attributes.find((attribute) => attribute.name === name);
  return found === undefined ? null : attributeText(found.value);
}
