import { type Entry, isHidden, type RoomView, type UserId } from "@caffis/chat";
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { useChat } from "../app/chat.tsx";
import { isAside } from "./timeline.ts";

/** How often the view is examined, in milliseconds. */
const LOOK_MS = 300;

/** How far the person had read, and what to call when they read on. */
export interface Reading {
  /** The divider of new messages follows the message with this number; null for none. */
  readonly dividerAfter: number | null;
  /** What is in view may have changed. */
  readonly moved: () => void;
}

/** The number to mark as read, or null if it would be nothing new. Pure. */
export function numberToMark(
  entries: readonly Entry[],
  self: UserId | null,
  seen: number,
  marked: number,
): number | null {
  // A person's own message counts as read by itself, but does not say that they saw the ones before it.
  const other = entries.findLast(
    ({ kind }) =>
      kind.type === "message" && kind.value.sender !== self && kind.value.number <= seen,
  );
  const number = other?.kind.type === "message" ? other.kind.value.number : 0;
  return number > marked ? seen : null;
}

/**
 * How far the person has seen: what they have hidden themselves they do not see, nor replies that are in threads alone,
 * and it counts. Pure.
 */
export function pastHidden(entries: readonly Entry[], seen: number): number {
  let number = seen;
  for (const { kind } of entries) {
    if (kind.type !== "message" || kind.value.number !== number + 1) continue;
    if (!isHidden(kind.value) && !isAside(kind.value)) break;
    number += 1;
  }
  return number;
}

/** Follows how far the person has read: what was in view while the page was visible counts as read. */
export function useReading(room: RoomView, log: RefObject<HTMLElement | null>): Reading {
  const { client } = useChat();
  const { id } = room;
  const { number, read } = room.summary;
  const [dividerAfter, setDividerAfter] = useState(() => (number > read ? read : null));
  /** The number that the server was told last, or knew. */
  const marked = useRef(read);
  const readBefore = useRef(read);
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);

  const mark = useCallback(() => {
    if (!log.current || document.visibilityState !== "visible") return;
    const entries = client.room(id).getSnapshot()?.entries ?? [];
    const seen = pastHidden(entries, Math.max(lastInView(log.current), marked.current));
    if (seen <= marked.current) return;
    const next = numberToMark(entries, client.self.getSnapshot(), seen, marked.current);
    if (next === null) return;
    marked.current = next;
    client.markRead(id, next);
  }, [client, id, log]);

  const moved = useCallback(() => {
    if (waiting.current !== undefined) return;
    const look = () => {
      waiting.current = undefined;
      mark();
    };
    waiting.current = setTimeout(look, LOOK_MS);
  }, [mark]);

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

  useEffect(() => {
    const looks = () => {
      // What was marked as unread elsewhere stays unread until the person comes back to it.
      marked.current = Math.min(marked.current, client.room(id).getSnapshot()?.summary.read ?? 0);
      mark();
    };
    document.addEventListener("visibilitychange", looks);
    return () => document.removeEventListener("visibilitychange", looks);
  }, [client, id, mark]);

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
