import type { RoomId, UserId } from "@caffis/chat";
import { useEffect, useRef, useState } from "react";
import { useChat } from "../app/chat.tsx";
import { useReadable } from "../common/useReadable.ts";
import { draftKey, type Kept, keepDraft, keptDraft } from "./drafts.ts";

const NOTHING: Kept = { text: "", time: 0 };

/**
 * What a person wrote and did not send: kept over a reload of the tab, also without a connection. In a room it is the
 * same on all of their devices, and the later one counts; in a thread it stays in the tab.
 */
export function useDraft(
  user: UserId | null,
  room: RoomId,
  thread: number | null,
): [string, (text: string) => void] {
  const { client } = useChat();
  const key = user && draftKey(user, room, thread);
  const [kept, setKept] = useState(() => (key ? keptDraft(sessionStorage, key) : NOTHING));
  const keep = (now: Kept) => {
    setKept(now);
    if (key) keepDraft(sessionStorage, key, now);
  };
  const latest = useRef(keep);
  latest.current = keep;
  const drafts = useReadable(client.drafts.all);
  const other = thread === null ? drafts.get(room) : undefined;
  const { text, time } = kept;
  useEffect(() => {
    if (other && other.time > time) latest.current(other);
  }, [other, time]);
  const change = (value: string) => {
    if (value === text) return;
    const written = thread === null ? client.drafts.write(room, value) : client.now();
    keep({ text: value, time: written });
  };
  return [text, change];
}
