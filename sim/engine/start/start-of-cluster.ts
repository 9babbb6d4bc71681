import type { Cluster } from "@bourse/cluster/cluster";
import { assert } from "@bourse/model/assert";
import type { Now } from "@bourse/model/now";
import type { MachineView, RoleView } from "@bourse/model/operator";
import { pictureOf } from "../master-view.ts";
import { startOfPicture } from "./start-of-picture.ts";
import type { StartState } from "./start-state.ts";

/** The start state of a core: exactly what a client of its master would have made of it. */
export function startOfCluster(cluster: Cluster, now: Now, source: string): StartState {
  return startOfPicture({
    takenAtMs: now.wallMs,
    source,
    config: cluster.state.config,
    ...pictureOf(cluster, now),
    roles: rolesOf(cluster, now),
    machines: machinesOf(cluster, now),
  });
}

function rolesOf(cluster: Cluster, now: Now): readonly RoleView[] {
  const all: RoleView[] = [];
  for (let after: string | undefined; ; ) {
    const page = { limit: 1_000, ...(after !== undefined && { after }) };
    const view = cluster.query(now, { kind: "roles", page });
    assert(view.kind === "roles", "a query for roles is answered with roles");
    for (const role of view.roles) all.push(role);
    if (view.next === undefined) return all;
    after = view.next;
  }
}

function machinesOf(cluster: Cluster, now: Now): readonly MachineView[] {
  const view = cluster.query(now, { kind: "maintenance" });
  assert(view.kind === "maintenance", "a query for maintenance is answered with machines");
  return view.machines;
}
