import type { RoomView } from "@caffis/chat";
import { useChat, useSelf } from "@caffis/chat-react";
import { useEffect, useState } from "react";
import { waitsUntil } from "./writing.ts";

/** The seconds until this person may write again, counted down; 0 if they may. */
export function useWait(room: RoomView): number {
  const client = useChat();
  const self = useSelf();
  const [, look] = useState(0);
  const now = client.now();
  const until = waitsUntil(room, self, now);
  const left = until === null ? 0 : until - now;
  useEffect(() => {
    if (left === 0) return;
    const timer = setTimeout(() => look((looks) => looks + 1), left % 1000 || 1000);
    return () => clearTimeout(timer);
  });
  return Math.ceil(left / 1000);
}
