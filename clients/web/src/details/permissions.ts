/**
 * What a member may do, by the server's rules: the page offers nothing else. The table is in docs/protocol.md. Pure.
 */

import type { Role } from "@caffis/chat";

/** From the least to the most. */
const ROLES = ["guest", "member", "moderator", "admin", "owner"] as const satisfies readonly Role[];

function rank(role: Role): number {
  return ROLES.indexOf(role);
}

/** Whether somebody may write; those who walked into a public room may, too. */
export function mayWrite(actor: Role | null): boolean {
  return actor !== "guest";
}

/** Whether somebody looks after what others write. */
export function moderates(actor: Role | null): boolean {
  return actor !== null && rank(actor) >= rank("moderator");
}

/** Whether somebody may add members. */
export function mayAdd(actor: Role | null): boolean {
  return actor === "admin" || actor === "owner";
}

/** Whether somebody may make, see and end the invite links of a group. */
export function mayInvite(actor: Role | null): boolean {
  return mayAdd(actor);
}

/** Whether somebody may change how people write in a room. */
export function maySet(actor: Role | null): boolean {
  return mayAdd(actor);
}

/** Whether somebody may change what a room is called, what it is for and what new members see. */
export function mayDescribe(actor: Role | null): boolean {
  return mayAdd(actor);
}

/** Whether somebody may remove another: moderators only members and guests, nobody above themselves. */
export function mayRemove(actor: Role | null, target: Role): boolean {
  if (actor === "moderator") return rank(target) < rank(actor);
  return actor !== null && mayAdd(actor) && rank(target) <= rank(actor);
}

/** The roles that somebody may give to a member, with the present one; none where they may not. */
export function rolesToGive(actor: Role | null, target: Role): readonly Role[] {
  if (actor === "owner") return ROLES;
  if (actor === "admin" && target !== "owner") return ROLES.slice(0, -1);
  return [];
}

/** Whether somebody may make another the owner in their place. */
export function mayHandOver(actor: Role | null, target: Role): boolean {
  return actor === "owner" && target !== "owner";
}
