/** What is said of live locations. Pure. */

import { LIVE_LOCATION_EXPIRY_MS, type RoomSummary } from "@caffis/chat";

const MINUTE = 60_000;

/** For how long a location can be shared, in milliseconds; null for a location that does not move. */
export const LIVE_TIMES = {
  still: null,
  quarter: 15 * MINUTE,
  hour: 60 * MINUTE,
  // A little less than the longest time that the server takes: its clock may be ahead.
  day: 8 * 60 * MINUTE - MINUTE,
} as const;

/** How a live location stands: it moves, nothing was heard of it for a while, or it has ended. */
export function liveState(
  until: number,
  heard: number | null,
  now: number,
): "moving" | "silent" | "ended" {
  if (now >= until) return "ended";
  return heard !== null && now - heard < LIVE_LOCATION_EXPIRY_MS ? "moving" : "silent";
}

/** Whether a live location can be shared in a room: with a few people whom one knows. */
export function maySharePosition(room: RoomSummary, few: number): boolean {
  return room.class === "social" && room.members <= few;
}
