/** Which room is shown: kept in the address, so that the back button of a phone works. */

import { type RoomId, roomId } from "@caffis/chat";
import { useSyncExternalStore } from "react";

const PREFIX = "#/room/";

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

/** The room of the address; null for none. */
export function useRoute(): RoomId | null {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  if (!hash.startsWith(PREFIX)) return null;
  try {
    return roomId(hash.slice(PREFIX.length));
  } catch {
    return null;
  }
}

/** Shows a room, or the list. */
export function goTo(room: RoomId | null): void {
  location.hash = room ? PREFIX + room : "";
}
