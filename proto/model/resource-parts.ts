import type { Resource } from "./resources.ts";

/** Thousandths of a scalar; 0 of anything else. */
export function amountOf({ value }: Resource): number {
  return value.type === "scalar" ? value.milli : 0;
}

/** The same resource with another amount, in thousandths. */
export function withAmount(resource: Resource, milli: number): Resource {
  return { ...resource, value: { type: "scalar", milli } };
}

/** The reserved disk that a volume is made of: what DESTROY leaves (FEATURES M-68). */
export function withoutVolume({ isShared: _, disk, ...resource }: Resource): Resource {
  return disk?.source === undefined ? resource : { ...resource, disk: { source: disk.source } };
}
