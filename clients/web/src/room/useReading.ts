import type { Entry, RoomView, UserId } from "@caffis/chat";
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { useChat } from "../app/chat.tsx";

/** How often what is in view is looked at, in milliseconds. */
const LOOK_MS = 300;

/** Where reading stopped, and that it went on. */
export interface Reading {
  /** The divider of new messages is behind the message with this number; null for none. */
  readonly dividerAfter: number | null;
  /** What is in view may have changed. */
  readonly moved: () => void;
}

/** The number to mark as read, or null where that tells nobody anything new. Pure. */
export function numberToMark(
  entries: readonly Entry[],
  self: UserId | null,
  seen: number,
  marked: number,
): number | null {
  // What this person wrote counts as read by itself, but does not tell that they saw what is before.
  const other = entries.findLast(
    ({ kind }) =>
      kind.type === "message" && kind.value.sender !== self && kind.value.number <= seen,
  );
  const number = other?.kind.type === "message" ? other.kind.value.number : 0;
  return number > marked ? seen : null;
}

/** Follows how far the person has read: what was in view while the page was visible counts as read. */
export function useReading(room: RoomView, log: RefObject<HTMLElement | null>): Reading {
  const { client } = useChat();
  const { id } = room;
  const { number, read } = room.summary;
  const [dividerAfter, setDividerAfter] = useState(() => (number > read ? read : null));
  /** Up to where the server was told, or knew. */
  const marked = useRef(read);
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);

  const mark = useCallback(() => {
    if (!log.current || document.visibilityState !== "visible") return;
    const seen = lastInView(log.current);
    if (seen <= marked.current) return;
    const entries = client.room(id).getSnapshot()?.entries ?? [];
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

  // What comes while nobody looks is set off by a divider of its own.
  useEffect(() => {
    if (document.visibilityState === "hidden" && number > read) {
      setDividerAfter((before) => (before === null || before < read ? read : before));
    }
    moved();
  }, [number, read, moved]);

  useEffect(() => {
    document.addEventListener("visibilitychange", mark);
    return () => document.removeEventListener("visibilitychange", mark);
  }, [mark]);

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
    // On a phone that shows the details, nothing of the room has a size.
    return bottom > top && bottom > frame.top && bottom <= frame.bottom + 1;
  });
  return Number(last?.dataset.number ?? 0);
}
