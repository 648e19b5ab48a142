/** What the person keeps across all rooms. Each list is asked for once, by the first component that shows it. */

import type {
  DraftsView,
  FollowedView,
  MarksView,
  Readable,
  ScheduledView,
  ThreadDraftsView,
} from "@caffis/chat";
import { useEffect } from "react";
import { useChat } from "./context.tsx";
import { useReadable } from "./useReadable.ts";

/** Where messages mention this person, by room: the number of each by its position. */
export function useMentions(): MarksView {
  const { mentions } = useChat();
  return useList(mentions, mentions.places);
}

/** Where the messages are that this person has starred, by room: the number of each by its position. */
export function useStars(): MarksView {
  const { stars } = useChat();
  return useList(stars, stars.places);
}

/** The threads that this person follows, with what is unread in each. */
export function useThreads(): FollowedView {
  const { threads } = useChat();
  return useList(threads, threads.followed);
}

/** The messages that this person has scheduled. */
export function useScheduled(): ScheduledView {
  const { scheduled } = useChat();
  return useList(scheduled, scheduled.all);
}

/** What this person has written and not sent, by room. */
export function useDrafts(): DraftsView {
  const { drafts } = useChat();
  return useList(drafts, drafts.all);
}

/** What this person has written and not sent in threads. */
export function useThreadDrafts(): ThreadDraftsView {
  const { drafts } = useChat();
  return useList(drafts, drafts.inThreads);
}

/** A part of the client that knows something once it was asked for. */
interface List {
  load(): Promise<void>;
}

/** Those that were asked for. The client asks again with each session. */
const asked = new WeakSet<List>();

function useList<T>(list: List, readable: Readable<T>): T {
  useEffect(() => {
    if (asked.has(list)) return;
    asked.add(list);
    list.load().catch(() => {
      // The next session asks again.
    });
  }, [list]);
  return useReadable(readable);
}
