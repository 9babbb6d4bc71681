import type { Role } from "./ids.ts";

/** What is wrong with a role's name, or undefined when it may be used (FEATURES M-29). `*` is the default role. */
export function roleNameProblem(role: string): string | undefined {
  if (role === "") return "a role must not be empty";
  if (role.length > ROLE_LENGTH_MAX) return `a role has at most ${ROLE_LENGTH_MAX} characters`;
  if (role === "*") return undefined;
  for (const part of role.split("/")) {
    if (part === "") return "a role must not begin or end with / nor have an empty part";
    if (part === "." || part === "..") return "a part of a role must not be . or ..";
    if (part === "*") return "* is a role of its own and no part of another";
    if (part.startsWith("-")) return "a part of a role must not begin with -";
    if (/[\s\p{Cc}]/u.test(part)) return "a role must not contain blanks or control characters";
  }
  return undefined;
}

/** A path component of most file systems; roles name metrics and files. */
export const ROLE_LENGTH_MAX = 255;

/** Whether the role is `other` or lies below it in the tree (FEATURES M-29). */
export function isRoleWithin(role: Role, other: Role): boolean {
  return role === other || isRoleBelow(role, other);
}

export function isRoleBelow(role: Role, other: Role): boolean {
  return role.startsWith(`${other}/`);
}
