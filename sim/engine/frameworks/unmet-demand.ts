import type { Offer } from "@bourse/model/offer";
import { REFUSE_MS_DEFAULT } from "@bourse/model/offer";
import type { BatchColumns, TaskClass } from "./batch-columns.ts";
import { FreeSpace } from "./free-space.ts";

/**
 * Remembers how much was refused a moment ago, so that work that comes after it knows whether to ask again. An
 * over-estimate: the most of each scalar, whichever offer it was of. Asking once too often costs an allocation, not
 * asking would cost the rest of a filter's five seconds.
 */
export class UnmetDemand {
  readonly #most: Float64Array;
  readonly #space: FreeSpace;
  #mostGpus = 0;
  #mostOfDevice = 0;
  #wholeDevices = 0;
  #untilMs = 0;

  constructor(columns: BatchColumns) {
    this.#most = new Float64Array(columns.scalarNames.length);
    this.#space = new FreeSpace(columns);
  }

  snapshot(): readonly number[] {
    const gpus = [this.#mostGpus, this.#mostOfDevice, this.#wholeDevices];
    return [this.#untilMs, ...gpus, ...this.#most];
  }

  restore([untilMs = 0, gpus = 0, ofDevice = 0, devices = 0, ...most]: readonly number[]): void {
    this.#untilMs = untilMs;
    this.#mostGpus = gpus;
    this.#mostOfDevice = ofDevice;
    this.#wholeDevices = devices;
    this.#most.set(most);
  }

  /** Offers are declined for the default time because nothing that waits fits. */
  refused(nowMs: number, offers: readonly Offer[]): void {
    if (nowMs >= this.#untilMs) this.clear();
    this.#untilMs = nowMs + REFUSE_MS_DEFAULT;
    const space = this.#space;
    for (let place = 0; place < offers.length; place++) {
      const { resources, attributes } = offers[place] as Offer;
      space.read(resources, attributes);
      for (let column = 0; column < this.#most.length; column++) {
        const milli = space.scalars[column] as number;
        if (milli > (this.#most[column] as number)) this.#most[column] = milli;
      }
      if (space.gpus > this.#mostGpus) this.#mostGpus = space.gpus;
      const devices = space.wholeDevices();
      if (devices > this.#wholeDevices) this.#wholeDevices = devices;
      for (let device = 0; device < space.deviceCount; device++) {
        const milli = space.devices[device] as number;
        if (milli > this.#mostOfDevice) this.#mostOfDevice = milli;
      }
    }
  }

  /** Whether a task of the class might have fitted one of the offers whose filters are in force. */
  wasRefusedFor(nowMs: number, { demand, gpuCount, gpuMilli }: TaskClass): boolean {
    if (nowMs >= this.#untilMs) return false;
    for (let column = 0; column < demand.length; column++) {
      if ((demand[column] as number) > (this.#most[column] as number)) return false;
    }
    if (gpuMilli > this.#mostOfDevice) return false;
    return gpuCount <= Math.max(this.#mostGpus, this.#wholeDevices);
  }

  clear(): void {
    this.#untilMs = 0;
    this.#most.fill(0);
    this.#mostGpus = 0;
    this.#mostOfDevice = 0;
    this.#wholeDevices = 0;
  }
}
