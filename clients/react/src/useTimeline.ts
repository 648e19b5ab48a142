import type { RoomId, RoomView } from "@caffis/chat";
import { useCallback, useMemo } from "react";
import { useChat } from "./context.tsx";
import { useSelf } from "./session.ts";
import { type TimelineItem, timelineItems } from "./timeline.ts";
import { useRoomView } from "./useRoom.ts";

/** The messages of a room, and how to load more of them. */
export interface Timeline
  extends Pick<RoomView, "moreBefore" | "moreAfter" | "loadingBefore" | "loadingAfter"> {
  /** What is here, in order: messages, other things that happened, and what waits to be sent. */
  readonly items: readonly TimelineItem[];
  /** Loads what is before it. */
  readonly loadOlder: () => Promise<void>;
  /** Loads what is after it, where a room begins at its first unread message. */
  readonly loadNewer: () => Promise<void>;
  /** Loads the last messages instead of those that are here, where these end before. */
  readonly loadLatest: () => Promise<void>;
}

/** The messages of a room that is open. An item stays the same object until it changes. */
export function useTimeline(id: RoomId): Timeline {
  const client = useChat();
  const self = useSelf();
  const { entries, pending, moreBefore, moreAfter, loadingBefore, loadingAfter } =
    useRoomView(id) ?? NOTHING;
  const items = useMemo(() => timelineItems({ entries, pending, self }), [entries, pending, self]);
  const loadOlder = useCallback(() => client.loadOlder(id), [client, id]);
  const loadNewer = useCallback(() => client.loadNewer(id), [client, id]);
  const loadLatest = useCallback(() => client.loadLatest(id), [client, id]);
  return useMemo(
    () => ({
      ...{ items, moreBefore, moreAfter, loadingBefore, loadingAfter },
      ...{ loadOlder, loadNewer, loadLatest },
    }),
    [items, moreBefore, moreAfter, loadingBefore, loadingAfter, loadOlder, loadNewer, loadLatest],
  );
}

const NOTHING = {
  entries: [],
  pending: [],
  moreBefore: false,
  moreAfter: false,
  loadingBefore: false,
  loadingAfter: false,
} as const;
