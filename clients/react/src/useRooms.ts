import type { RoomListView } from "@caffis/chat";
import { useCallback, useMemo } from "react";
import { useChat } from "./context.tsx";
import { useReadable } from "./useReadable.ts";

/** The rooms of the person, and how to load more of them. */
export interface Rooms extends RoomListView {
  /** Loads the next page, where the server has more. */
  readonly loadMore: () => Promise<void>;
}

/** The rooms of the person: what is pinned, then the most active. */
export function useRooms(): Rooms {
  const client = useChat();
  const view = useReadable(client.rooms);
  const loadMore = useCallback(() => client.loadMoreRooms(), [client]);
  return useMemo(() => ({ ...view, loadMore }), [view, loadMore]);
}
