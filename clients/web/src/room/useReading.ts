import type { RoomView } from "@caffis/chat";
import { useMarkRead } from "@caffis/chat-react";
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

/** How often the view is examined, in milliseconds. */
const LOOK_MS = 300;

/** How far the person had read, and what to call when they read on. */
export interface Reading {
  /** The divider of new messages follows the message with this number; null for none. */
  readonly dividerAfter: number | null;
  /** What is in view may have changed. */
  readonly moved: () => void;
}

/** Follows how far the person has read: what was in view while the page was visible counts as read. */
export function useReading(room: RoomView, log: RefObject<HTMLElement | null>): Reading {
  const { id } = room;
  const { number, read } = room.summary;
  const [dividerAfter, setDividerAfter] = useState(() => (number > read ? read : null));
  const readBefore = useRef(read);
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const markRead = useMarkRead(id);

  const moved = useCallback(() => {
    if (waiting.current !== undefined) return;
    const look = () => {
      waiting.current = undefined;
      if (log.current) markRead(lastInView(log.current));
    };
    waiting.current = setTimeout(look, LOOK_MS);
  }, [log, markRead]);

  // Messages that arrive while the page is hidden get a divider of their own, and so do those that the
  // person marks as unread on another device.
  useEffect(() => {
    if (read < readBefore.current) setDividerAfter(read);
    readBefore.current = read;
    if (document.visibilityState === "hidden" && number > read) {
      setDividerAfter((before) => (before === null || before < read ? read : before));
    }
    moved();
  }, [number, read, moved]);

  useEffect(() => () => clearTimeout(waiting.current), []);
  return { dividerAfter, moved };
}

/** The number of the last message whose end is in view; 0 for none. */
function lastInView(log: HTMLElement): number {
  const frame = log.getBoundingClientRect();
  const rows = [...log.querySelectorAll<HTMLElement>("[data-number]")];
  const last = rows.findLast((row) => {
    if (!row.dataset.number || getComputedStyle(row).visibility === "hidden") return false;
    const { top, bottom } = row.getBoundingClientRect();
    // While a phone shows the details, the room has no size.
    return bottom > top && bottom > frame.top && bottom <= frame.bottom + 1;
  });
  return Number(last?.dataset.number ?? 0);
}
