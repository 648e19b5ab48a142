import { type RoomView, threadOf } from "@caffis/chat";
import { useCallback, useEffect, useLayoutEffect, useState } from "react";
import { useChat } from "../app/chat.tsx";
import { type Item, isAside } from "./timeline.ts";

/** How long the message that was jumped to stands out, in milliseconds. */
const FLASH_MS = 1_800;

/** Leads to a message, which is loaded if it is not here, and makes it stand out for a moment. */
export function useJump(options: {
  room: RoomView;
  items: readonly Item[];
  toItem(index: number): void;
  /** It could not be loaded. */
  onFailed(error: unknown): void;
  /** There is nothing that this person may see. */
  onNothing(): void;
  /** It is a reply that only its thread shows. */
  onThread(root: number): void;
}) {
  const { room, items, toItem, onFailed, onNothing, onThread } = options;
  const { client } = useChat();
  const [wanted, setWanted] = useState<number | null>(null);
  const [flashed, setFlashed] = useState<number | null>(null);
  const { id } = room;

  const jump = useCallback(
    (position: number) => {
      setFlashed(null);
      setWanted(position);
      const { entries = [], last = 0 } = client.room(id).getSnapshot() ?? {};
      const first = entries[0]?.position ?? Number.POSITIVE_INFINITY;
      if (position >= first && position <= last) return;
      client.loadAround(id, position).then(
        (found) => {
          if (found) return;
          setWanted(null);
          onNothing();
        },
        (error) => {
          setWanted(null);
          onFailed(error);
        },
      );
    },
    [client, id, onFailed, onNothing],
  );

  useLayoutEffect(() => {
    if (wanted === null) return;
    const at = items.findIndex((item) => item.type === "message" && item.position === wanted);
    const { kind } = room.entries[wanted - (room.entries[0]?.position ?? 0)] ?? {};
    if (at < 0 && kind?.type === "message" && isAside(kind.value)) {
      setWanted(null);
      onThread(threadOf(kind.value.extras)?.root ?? wanted);
    }
    if (at < 0) return;
    setWanted(null);
    setFlashed(wanted);
    toItem(at);
  }, [items, wanted, toItem, room.entries, onThread]);

  useEffect(() => {
    if (flashed === null) return;
    const timer = setTimeout(() => setFlashed(null), FLASH_MS);
    return () => clearTimeout(timer);
  }, [flashed]);

  return { jump, flashed };
}
