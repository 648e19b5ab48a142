import { type InThread, type RoomView, threadOf } from "@caffis/chat";
import { useChat } from "@caffis/chat-react";
import { useCallback, useLayoutEffect, useState } from "react";
import type { Item } from "./timeline.ts";
import { useFlash } from "./useFlash.ts";

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
  onAside(thread: InThread, position: number): void;
}) {
  const { room, items, toItem, onFailed, onNothing, onAside } = options;
  const client = useChat();
  const [wanted, setWanted] = useState<number | null>(null);
  const [flashed, setFlashed] = useFlash();
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
    [client, id, onFailed, onNothing, setFlashed],
  );

  useLayoutEffect(() => {
    if (wanted === null) return;
    const at = items.findIndex((item) => item.type === "message" && item.position === wanted);
    const { kind } = room.entries[wanted - (room.entries[0]?.position ?? 0)] ?? {};
    const thread = kind?.type === "message" ? threadOf(kind.value.extras) : null;
    if (at < 0 && thread && !thread.inRoom) {
      setWanted(null);
      onAside(thread, wanted);
    }
    if (at < 0) return;
    setWanted(null);
    setFlashed(wanted);
    toItem(at);
  }, [items, wanted, toItem, room.entries, onAside, setFlashed]);

  return { jump, flashed };
}
