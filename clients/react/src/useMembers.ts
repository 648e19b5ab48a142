import type { Member, RoomId, RoomView } from "@caffis/chat";
import { useEffect } from "react";
import { useChat } from "./context.tsx";
import { useReadable } from "./useReadable.ts";

/**
 * The members of a room that is open; null until they are loaded. With `wanted` false they are not asked for, only
 * shown where they are known already.
 */
export function useMembers(id: RoomId, wanted = true): readonly Member[] | null {
  const client = useChat();
  const readable = client.room(id);
  const members = useReadable(readable, membersOf);
  const open = useReadable(readable, isOpen);
  const missing = wanted && open && members === null;
  useEffect(() => {
    if (!missing) return;
    const end = new AbortController();
    client.loadMembers(id, end.signal).catch(() => {
      // They are asked for again when the room is opened again.
    });
    return () => end.abort();
  }, [client, id, missing]);
  return members;
}

function membersOf(room: RoomView | null): readonly Member[] | null {
  return room?.members ?? null;
}

function isOpen(room: RoomView | null): boolean {
  return room?.open ?? false;
}
