import { ClusterError } from "@bourse/model/errors";
import type { Machine } from "@bourse/model/maintenance";
import type { MachineView } from "@bourse/model/operator";
import type { OperatorClient } from "./client.ts";

/** Those that are scheduled or down. */
export async function listMachines(client: OperatorClient): Promise<readonly MachineView[]> {
  return (await client.query({ kind: "maintenance" }, "maintenance")).machines;
}

/** Each once, whatever the case (M-71). */
export function machinesOf(hosts: readonly string[]): readonly Machine[] {
  const seen = new Set<string>();
  return hosts.map((text) => {
    const hostname = text.trim();
    if (!/^[A-Za-z0-9]([A-Za-z0-9._-]{0,252})$/.test(hostname))
      throw new ClusterError("invalid_call", `${JSON.stringify(text)} is not the name of a host`, {
        hint: "write it as `bourse agent ls` lists it",
      });
    if (seen.has(hostname.toLowerCase()))
      throw new ClusterError("invalid_call", `host ${hostname} is named twice`, {
        hint: "name each once; upper and lower case are the same",
      });
    seen.add(hostname.toLowerCase());
    return { hostname };
  });
}
