/** What the list says of an invite link. Pure. */

import type { Invite } from "@caffis/chat";

/** Whether people can still join by a link; if not, why. */
export type InviteState = "good" | "revoked" | "expired" | "used";

/** How a link stands. */
export function stateOf({ revoked, expires, maxUses, uses }: Invite, now: number): InviteState {
  if (revoked) return "revoked";
  if (expires !== null && expires <= now) return "expired";
  return maxUses > 0 && uses >= maxUses ? "used" : "good";
}
