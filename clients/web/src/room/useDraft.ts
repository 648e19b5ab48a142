import type { RoomId, UserId } from "@caffis/chat";
import { useState } from "react";

/** Where a draft is kept: what one person wrote never shows for the next who signs in. Pure. */
export function draftKey(user: UserId, room: RoomId): string {
  return `caffis.draft.${JSON.stringify([user, room])}`;
}

/** What a person wrote in a room and did not send, kept over a reload of the tab. */
export function useDraft(user: UserId | null, room: RoomId): [string, (text: string) => void] {
  const key = user && draftKey(user, room);
  const [text, setText] = useState(() => (key && sessionStorage.getItem(key)) ?? "");
  const change = (value: string) => {
    setText(value);
    if (!key) return;
    if (value) sessionStorage.setItem(key, value);
    else sessionStorage.removeItem(key);
  };
  return [text, change];
}
