import type { FaultDomain } from "./agent.ts";
import { ClusterError } from "./errors.ts";

/** Reads a fault domain as an operator writes it, `region/zone` (FEATURES M-37). Throws `invalid_call`, naming `field`. */
export function parseDomain(text: string, field: string): FaultDomain {
  const [region = "", zone = "", ...rest] = text.trim().split("/");
  if (!PART.test(region) || !PART.test(zone) || rest.length > 0)
    throw new ClusterError("invalid_call", `${field} ${JSON.stringify(text)} is no fault domain`, {
      hint: "write region/zone, like eu-west/a: letters, digits, _ . and -, at most 64 each",
    });
  return { region, zone };
}

export function formatDomain({ region, zone }: FaultDomain): string {
  return `${region}/${zone}`;
}

const PART = /^[A-Za-z0-9_.-]{1,64}$/;
