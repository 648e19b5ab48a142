import { type Placement, placementOf, unreadMarks, unreadThreads } from "@caffis/chat";
import { useMemo } from "react";
import { useChat } from "./context.tsx";
import { useMentions, useThreads } from "./lists.ts";
import { useReadable } from "./useReadable.ts";

/** How much the person has not read. */
export interface Unread {
  /** Rooms with unread messages; those that are archived or hidden do not count. */
  readonly rooms: number;
  /** The unread messages in them. */
  readonly messages: number;
  /** Unread messages that mention the person, in all rooms. */
  readonly mentions: number;
  /** Threads that the person follows with unread replies. */
  readonly threads: number;
}

/** How much the person has not read, in the rooms that are known. */
export function useUnread(): Unread {
  const client = useChat();
  const { rooms: all } = useReadable(client.rooms);
  const marks = useMentions();
  const followed = useThreads();
  const now = client.now();
  let [rooms, messages, mentions] = [0, 0, 0];
  for (const summary of all) {
    mentions += unreadMarks(marks, summary);
    if (summary.unread === 0 || !LISTED.has(placementOf(summary, now))) continue;
    rooms += 1;
    messages += summary.unread;
  }
  const threads = unreadThreads(followed);
  return useMemo(
    () => ({ rooms, messages, mentions, threads }),
    [rooms, messages, mentions, threads],
  );
}

const LISTED: ReadonlySet<Placement> = new Set<Placement>(["listed", "pinned"]);
