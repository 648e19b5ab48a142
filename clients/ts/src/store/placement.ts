/** Where rooms stand in this person's list. */

import type { Placement, RoomSummary } from "../protocol.ts";

/**
 * Where a room stands at a time of the server. What is archived or hidden is back with the next message; while a room
 * is muted, its messages leave it archived.
 */
export function placementOf(summary: RoomSummary, now: number): Placement {
  const { placed, number, mutedUntil } = summary;
  const { placement } = placed;
  if (placement === "listed" || placement === "pinned") return placement;
  const muted = mutedUntil !== null && mutedUntil > now;
  const stays = number <= placed.number || (placement === "archived" && muted);
  return stays ? placement : "listed";
}

/** The order of the list: what is pinned, then what was active last. */
export function inListOrder(a: RoomSummary, b: RoomSummary): number {
  const pinned = (room: RoomSummary) => Number(room.placed.placement === "pinned");
  return pinned(b) - pinned(a) || b.active - a.active || (a.room < b.room ? -1 : 1);
}
