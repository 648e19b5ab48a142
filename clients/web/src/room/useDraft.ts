import { type RoomId, threadKey, type UserId } from "@caffis/chat";
import { useChat, useDrafts, useThreadDrafts } from "@caffis/chat-react";
import { useEffect, useRef, useState } from "react";
import { draftKey, type Kept, keepDraft, keptDraft } from "./drafts.ts";

const NOTHING: Kept = { text: "", time: 0 };

/**
 * What a person wrote and did not send, in a room or in a thread of it: kept over a reload of the tab, also without a
 * connection, and the same on all of their devices. The later one counts.
 */
export function useDraft(
  user: UserId | null,
  room: RoomId,
  thread: number | null,
): [string, (text: string) => void] {
  const client = useChat();
  const key = user && draftKey(user, room, thread);
  const [kept, setKept] = useState(() => (key ? keptDraft(sessionStorage, key) : NOTHING));
  const keep = (now: Kept) => {
    setKept(now);
    if (key) keepDraft(sessionStorage, key, now);
  };
  const latest = useRef(keep);
  latest.current = keep;
  const rooms = useDrafts();
  const threads = useThreadDrafts();
  const other = thread === null ? rooms.get(room) : threads.get(threadKey(room, thread));
  const { text, time } = kept;
  useEffect(() => {
    if (other && other.time > time) latest.current(other);
  }, [other, time]);
  const change = (value: string) => {
    if (value === text) return;
    const { drafts } = client;
    const written =
      thread === null ? drafts.write(room, value) : drafts.writeInThread(room, thread, value);
    keep({ text: value, time: written });
  };
  return [text, change];
}
