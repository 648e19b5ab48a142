/** Why somebody may not write in a room now, and how long they wait. Pure. */

import { importedAt, type RoomView, type UserId } from "@caffis/chat";
import { mayWrite, moderates } from "../details/permissions.ts";

/**
 * Why the field for messages is not there: what the room is about is over, the person is a guest, or only those who
 * moderate write.
 */
export type Barred = "closed" | "guest" | "frozen" | "announcements";

/** Why a person may not write in a room; null where they may. */
export function barredFrom({ summary, card }: RoomView): Barred | null {
  if (card?.status.type === "closed") return "closed";
  if (!mayWrite(summary.role)) return "guest";
  if (moderates(summary.role)) return null;
  if (summary.settings.frozen) return "frozen";
  return summary.settings.announcements ? "announcements" : null;
}

/** Until when a person waits before they write again in slow mode; null if they need not. */
export function waitsUntil(room: RoomView, self: UserId | null, now: number): number | null {
  const { settings, role } = room.summary;
  if (settings.slowModeSeconds === 0 || moderates(role)) return null;
  // What was written before slow mode began does not count, nor what was imported; what is still on its way does.
  const since = room.entries.findLast(({ kind }) => kind.type === "settings")?.position ?? 0;
  const last = room.entries.findLast(
    ({ kind }) =>
      kind.type === "message" &&
      kind.value.sender === self &&
      importedAt(kind.value.extras) === null,
  );
  if (!last || last.position < since) return null;
  const until = last.time + settings.slowModeSeconds * 1000;
  return until > now ? until : null;
}
