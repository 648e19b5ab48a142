/** Keeps rooms open while any component shows them. */

import type { ChatClient, RoomId } from "@caffis/chat";

/** How many components hold each room of a client. */
const holders = new WeakMap<ChatClient, Map<RoomId, number>>();

/** Keeps a room open until the answer is called; the last to let go of it closes it. */
export function hold(client: ChatClient, room: RoomId): () => void {
  const counts = holders.get(client) ?? new Map<RoomId, number>();
  holders.set(client, counts);
  const add = (change: 1 | -1) => counts.set(room, (counts.get(room) ?? 0) + change);
  add(1);
  return () => {
    add(-1);
    // React removes one component before it starts the next: a room that both show stays open.
    queueMicrotask(() => {
      if (counts.get(room) !== 0) return;
      counts.delete(room);
      client.close(room).catch(() => {
        // The client ended, or the room is gone: it is closed either way.
      });
    });
  };
}
