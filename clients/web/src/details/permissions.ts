/** What a member may do to others, by the server's rules: the page offers nothing else. Pure. */

import type { Role } from "@caffis/chat";

const RANKS: Readonly<Record<Role, number>> = { member: 0, admin: 1, owner: 2 };
const ROLES = ["member", "admin", "owner"] as const satisfies readonly Role[];

/** Whether somebody may add members. */
export function mayAdd(actor: Role | null): boolean {
  return actor === "admin" || actor === "owner";
}

/** Whether somebody may remove another: nobody above themselves. */
export function mayRemove(actor: Role | null, target: Role): boolean {
  return actor !== null && mayAdd(actor) && RANKS[target] <= RANKS[actor];
}

/** The roles that somebody may give to a member, with the present one; none where they may not. */
export function rolesToGive(actor: Role | null, target: Role): readonly Role[] {
  if (actor === "owner") return ROLES;
  if (actor === "admin" && target !== "owner") return ["member", "admin"];
  return [];
}
