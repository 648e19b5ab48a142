import type { RoomId, UserId } from "@caffis/chat";
import { useEffect, useRef, useState } from "react";
import { useChat } from "../app/chat.tsx";
import { useReadable } from "../common/useReadable.ts";

/** Where a draft is kept: what one person wrote never shows for the next who signs in. Pure. */
export function draftKey(user: UserId, room: RoomId): string {
  return `caffis.draft.${JSON.stringify([user, room])}`;
}

/**
 * What a person wrote in a room and did not send: kept over a reload of the tab, also without a connection, and the
 * same on all of their devices. The later one counts.
 */
export function useDraft(user: UserId | null, room: RoomId): [string, (text: string) => void] {
  const { client } = useChat();
  const key = user && draftKey(user, room);
  const [text, setText] = useState(() => (key && sessionStorage.getItem(key)) ?? "");
  /** When the words that are shown were written. */
  const written = useRef(Number((key && sessionStorage.getItem(`${key}.time`)) ?? 0));
  const keep = (value: string, time: number) => {
    written.current = time;
    setText(value);
    if (!key) return;
    if (value) {
      sessionStorage.setItem(key, value);
      sessionStorage.setItem(`${key}.time`, String(time));
    } else {
      sessionStorage.removeItem(key);
      sessionStorage.removeItem(`${key}.time`);
    }
  };
  const latest = useRef(keep);
  latest.current = keep;
  const other = useReadable(client.drafts.all).get(room);
  useEffect(() => {
    if (other && other.time > written.current) latest.current(other.text, other.time);
  }, [other]);
  const change = (value: string) => {
    if (value === text) return;
    keep(value, client.drafts.write(room, value));
  };
  return [text, change];
}
