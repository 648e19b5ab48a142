import { type ChatClient, type Entry, isHidden, type RoomId, type UserId } from "@caffis/chat";
import { useEffect, useMemo } from "react";
import { useChat } from "./context.tsx";
import { isAside } from "./timeline.ts";

/**
 * Gives a function to call with the number of the last message in view. It says that the person has read up to there,
 * once and only while they look at the page; what they did not look at counts when they come back.
 */
export function useMarkRead(id: RoomId): (number: number) => void {
  const client = useChat();
  const reading = useMemo(() => readingOf(client, id), [client, id]);
  useEffect(() => {
    document.addEventListener("visibilitychange", reading.looks);
    return () => document.removeEventListener("visibilitychange", reading.looks);
  }, [reading]);
  return reading.sees;
}

/** How far the person reads in a room. */
function readingOf(client: ChatClient, id: RoomId) {
  const readable = client.room(id);
  /** The number of the last message in view. */
  let seen = 0;
  /** The number that the server was told last, or knew. */
  let marked = Number.POSITIVE_INFINITY;
  const mark = () => {
    const room = readable.getSnapshot();
    if (!room || document.visibilityState !== "visible") return;
    if (marked === Number.POSITIVE_INFINITY) marked = room.summary.read;
    const all = pastHidden(room.entries, Math.max(seen, marked));
    const next = numberToMark(room.entries, client.self.getSnapshot(), all, marked);
    if (next === null) return;
    marked = next;
    client.markRead(id, next);
  };
  return {
    sees(number: number) {
      seen = number;
      mark();
    },
    /** The person came back to the page, or left it. */
    looks() {
      // What was marked as unread elsewhere stays unread until the person comes back to it.
      marked = Math.min(marked, readable.getSnapshot()?.summary.read ?? marked);
      mark();
    },
  };
}

/** The number to mark as read, or null if it would be nothing new. Pure. */
export function numberToMark(
  entries: readonly Entry[],
  self: UserId | null,
  seen: number,
  marked: number,
): number | null {
  // A person's own message counts as read by itself, but does not say that they saw the ones before it.
  const other = entries.findLast(
    ({ kind }) =>
      kind.type === "message" && kind.value.sender !== self && kind.value.number <= seen,
  );
  const number = other?.kind.type === "message" ? other.kind.value.number : 0;
  return number > marked ? seen : null;
}

/**
 * How far the person has seen: what they have hidden themselves they do not see, nor replies that are in threads alone,
 * and it counts. Pure.
 */
export function pastHidden(entries: readonly Entry[], seen: number): number {
  let number = seen;
  for (const { kind } of entries) {
    if (kind.type !== "message" || kind.value.number !== number + 1) continue;
    if (!isHidden(kind.value) && !isAside(kind.value)) break;
    number += 1;
  }
  return number;
}
