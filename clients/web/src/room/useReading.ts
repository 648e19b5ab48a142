import type { RoomView } from "@caffis/chat";
import { useCallback, useEffect, useRef, useState } from "react";
import { useChat } from "../app/chat.tsx";

/** Where reading stopped, and that it went on. */
export interface Reading {
  /** The divider of new messages is behind the message with this number; null for none. */
  readonly dividerAfter: number | null;
  /** Whether the end of the messages is in view. */
  readonly seen: (atEnd: boolean) => void;
}

/** Follows how far the person has read: what is in view while the page is visible counts as read. */
export function useReading(room: RoomView): Reading {
  const { client } = useChat();
  const { id } = room;
  const { number, read } = room.summary;
  const [dividerAfter, setDividerAfter] = useState(() => (number > read ? read : null));
  const atEnd = useRef(false);

  const mark = useCallback(() => {
    if (!atEnd.current || document.visibilityState !== "visible") return;
    const { number: last, read: before } = client.room(id).getSnapshot()?.summary ?? {
      number: 0,
      read: 0,
    };
    if (last > before) client.markRead(id, last);
  }, [client, id]);

  // What comes while nobody looks is set off by a divider of its own.
  useEffect(() => {
    if (document.visibilityState === "hidden" && number > read) {
      setDividerAfter((before) => (before === null || before < read ? read : before));
    }
    mark();
  }, [number, read, mark]);

  useEffect(() => {
    document.addEventListener("visibilitychange", mark);
    return () => document.removeEventListener("visibilitychange", mark);
  }, [mark]);

  const seen = useCallback(
    (isAtEnd: boolean) => {
      atEnd.current = isAtEnd;
      mark();
    },
    [mark],
  );
  return { dividerAfter, seen };
}
