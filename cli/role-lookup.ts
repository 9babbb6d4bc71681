import { ClusterError } from "@bourse/model/errors";
import type { Role } from "@bourse/model/ids";
import type { RoleView } from "@bourse/model/operator";
import { roleNameProblem } from "@bourse/model/role-name";
import type { OperatorClient } from "./client.ts";

/** All nodes of the tree, by name. */
export async function listRoles(client: OperatorClient): Promise<readonly RoleView[]> {
  const roles: RoleView[] = [];
  for await (const page of client.pages({ kind: "roles", page: { limit: 1000 } }))
    roles.push(...page.roles);
  return roles;
}

/** Refused here with how roles are written; whether the cluster has it is another question. */
export function roleOf(text: string, where: string): Role {
  const problem = roleNameProblem(text);
  if (problem === undefined) return text;
  throw new ClusterError("invalid_call", `${where} ${JSON.stringify(text)}: ${problem}`, {
    hint: "write it like eng or eng/backend",
  });
}
